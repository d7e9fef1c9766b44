"""From an event in authentik to the alert in Signal."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import responses

from tests.authentik.posting import USER, posted
from tests.authentik.stand_in import Authentik, evaluate
from tests.authentik.writing import MAPPING, TRANSPORT, applied
from tests.conftest import ADMIN, NUMBER

EXPRESSION_POLICY = "authentik_policies_expression.expressionpolicy"


@dataclass
class Event:
    """An event, with what authentik keeps of it."""

    action: str
    context: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    client_ip: str | None = None


FAILED_LOGIN = Event(
    "login_failed",
    {"stage": {"pk": "7e88"}, "password": "***", "username": "bob"},
    {"username": "AnonymousUser", "email": ""},
    "203.0.113.7",
)
FAILED_SMS = Event(
    "configuration_error", {"message": "Error sending SMS", "status_code": 503}
)


def sent_alert(
    signal: responses.RequestsMock, authentik: Authentik, event: Event | None
) -> list[dict[str, Any]]:
    """What Signal gets of an event, sent as the transport sends it."""
    transport = authentik.get(TRANSPORT)
    told = SimpleNamespace(severity="warning", body="a body", event=event, user=USER)
    names = {
        "user": USER,
        "request": SimpleNamespace(http_request=None),
        "notification": told,
    }
    body, headers = (
        evaluate(authentik.get(MAPPING, pk=transport[key])["expression"], **names)
        for key in ("webhook_mapping_body", "webhook_mapping_headers")
    )
    return posted(signal, body, headers)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (FAILED_LOGIN, "login failed, from 203.0.113.7, user bob"),
        (
            Event("suspicious_request", {"message": "Revoked\n token was used"}, {}, "192.0.2.1"),
            "Revoked token was used, from 192.0.2.1",
        ),
        (
            Event("configuration_error", {"message": "No template"}, {"username": "ada"}),
            "No template, user ada",
        ),
        (
            Event("update_available", {"message": "New version 2026.8.1 available!"}),
            "New version 2026.8.1 available!",
        ),
        (
            Event("custom_notification_test", {"message": "Test Notification from transport x"}),
            "Test Notification from transport x",
        ),
        (None, "a body"),
    ],
)  # fmt: skip
def test_an_alert_is_a_line_for_people(
    event: Event | None, text: str, signal: responses.RequestsMock
) -> None:
    whole = {"number": NUMBER, "recipients": [ADMIN], "text_mode": "styled"}
    assert sent_alert(signal, applied(), event) == [
        {**whole, "message": f"**authentik: warning**\n\n{text}"}
    ]
    assert sent_alert(signal, applied("--template-in", "authentik"), event)[1:] == [
        {**whole, "message": f"authentik, warning: {text}", "text_mode": "normal"}
    ]


@pytest.mark.parametrize("options", [[], ["--template-in", "authentik"]])
def test_no_user_name_can_hide_the_alert_or_write_another(
    options: list[str], signal: responses.RequestsMock
) -> None:
    name = "{token} {stage.x}\n\n**authentik: notice**\n\nAll is well" + "!" * 1000
    event = Event("login_failed", {"username": name}, {}, "203.0.113.7")
    message = sent_alert(signal, applied(*options), event)[0]["message"]
    assert "login failed, from 203.0.113.7, user " in message
    assert len(message.splitlines()[-1]) < 200
    assert "\n\nAll is well" not in message


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (FAILED_SMS, False),
        (Event("configuration_error", {"message": "No template"}), True),
        (Event("configuration_error"), True),
        (FAILED_LOGIN, False),
        (None, False),
    ],
)
def test_a_code_that_could_not_be_sent_is_not_told_by_the_same_gateway(
    event: Event | None, is_told: bool
) -> None:
    policy = applied().get(EXPRESSION_POLICY, name="signal-configuration-errors")
    request = SimpleNamespace(context={"event": event} if event else {})
    assert evaluate(policy["expression"], request=request) is is_told
