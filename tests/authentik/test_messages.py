"""From authentik to the message in Signal, through a gateway with the clients' rules that the guide tells."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from responses import RequestsMock
from werkzeug.test import TestResponse

from app.settings import ApiToken
from tests.authentik import files
from tests.authentik.posting import (
    FAILED_LOGIN,
    OTHER_ERROR,
    Event,
    Request,
    alert,
    code,
)
from tests.authentik.stand_in import EXPRESSION_POLICY, evaluate
from tests.conftest import ADMIN, NUMBER, TOKEN, client
from tests.documentation.documents import blocks, text_of
from tests.posting import sent

GUIDE = blocks("docs/authentik.md")
RULES, OWN_RULES = (block.text for block in GUIDE if block.language == "yaml")
TOKENS = (ApiToken.of("authentik", TOKEN), ApiToken.of("alerts", files.ALERTS_TOKEN))
Post = Callable[..., TestResponse]


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """Posts to a gateway whose templates.yaml has these rules for clients."""

    def posted(request: Request, rules: str = RULES) -> TestResponse:
        path = tmp_path / "templates.yaml"
        path.write_text(text_of("templates.yaml") + rules, encoding="utf-8")
        gateway = client(templates_file=path, api_tokens=TOKENS)
        return gateway.post("/v2/send", json=request[0], headers=request[1])

    return posted


@pytest.mark.parametrize(
    ("blueprint", "language", "first_line"),
    [
        (files.CODES, "de", "**Your verification code**"),
        (files.CODES_BY_LANGUAGE, "de", "**Ihr Bestätigungscode**"),
        (files.CODES_BY_LANGUAGE, "fr-ca", "**Votre code de vérification**"),
        (files.CODES_BY_LANGUAGE, "zh-hans", "**Your verification code**"),
    ],
)
def test_a_code_arrives_in_the_gateways_words(
    blueprint: str, language: str, first_line: str, post: Post, signal: RequestsMock
) -> None:  # fmt: skip
    assert post(code(blueprint, language)).status_code == 201
    (message,) = sent(signal)
    assert message["recipients"] == ["+4915112345678"]
    assert message["message"].splitlines()[:3] == [first_line, "", "004821"]


def test_a_code_arrives_in_authentiks_words(post: Post, signal: RequestsMock) -> None:
    assert post(code(files.CODES_OWN_TEXT), OWN_RULES).status_code == 201
    assert sent(signal) == [
        {
            "number": NUMBER,
            "recipients": ["+4915112345678"],
            "message": "Your verification code: 004821\n\n"
            "It expires in 5 minutes. If you did not ask for it, ignore this message.",
            "text_mode": "normal",
        }
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (FAILED_LOGIN, "login failed, from 203.0.113.7, user bob"),
        (OTHER_ERROR, "No template, user ada"),
        (Event("update_available", {"message": "New version!"}), "New version!"),
        (None, "a body"),
    ],
)
def test_an_alert_is_a_line_for_people(
    event: Event | None, line: str, post: Post, signal: RequestsMock
) -> None:
    assert post(alert(files.ALERTS, event)).status_code == 201
    answer = post(alert(files.ALERTS_OWN_TEXT, event), OWN_RULES)
    assert answer.status_code == 201
    assert [message["recipients"] for message in sent(signal)] == [[ADMIN], [ADMIN]]
    assert [message["message"] for message in sent(signal)] == [
        f"**authentik: warning**\n\n{line}",
        f"authentik, warning: {line}",
    ]


@pytest.mark.parametrize("rule", ["templates: [sms, notification]", "passthrough: false"])  # fmt: skip
def test_a_client_that_may_send_no_text_of_its_own_is_told_that_it_is_forbidden(
    rule: str, post: Post, signal: RequestsMock
) -> None:
    rules = f"clients:\n  authentik: {{{rule}}}\n  alerts: {{{rule}}}\n"
    own_alert = alert(files.ALERTS_OWN_TEXT, FAILED_LOGIN)
    for request in (code(files.CODES_OWN_TEXT), own_alert):
        answer = post(request, rules)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    assert not signal.calls


@pytest.mark.parametrize(
    ("blueprint", "rules"),
    [(files.ALERTS, RULES), (files.ALERTS_OWN_TEXT, OWN_RULES)],
)
def test_no_user_name_can_hide_the_alert_or_write_another(
    blueprint: str, rules: str, post: Post, signal: RequestsMock
) -> None:
    name = "{token} {stage.x}\n\n**authentik: notice**\n\nAll is well" + "!" * 1000
    event = Event("login_failed", {"username": name}, {}, "203.0.113.7")
    assert post(alert(blueprint, event), rules).status_code == 201
    message = sent(signal)[0]["message"]
    assert "login failed, from 203.0.113.7, user " in message
    assert len(message.splitlines()[-1]) < 200
    assert "\n\nAll is well" not in message


def test_who_types_a_placeholder_for_a_number_writes_to_nobody(
    post: Post, signal: RequestsMock
) -> None:
    answer = post(code(files.CODES_OWN_TEXT, to="{ADMINS}"), OWN_RULES)
    assert answer.get_json()["code"] == "invalid_recipient"
    assert not signal.calls


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (Event("configuration_error", {"message": "Error sending SMS"}), False),
        (OTHER_ERROR, True),
        (FAILED_LOGIN, False),
        (None, False),
    ],
)
def test_a_code_that_could_not_be_sent_is_not_told_by_the_same_gateway(
    event: Event | None, is_told: bool
) -> None:
    policy = files.applied(files.ALERTS).get(EXPRESSION_POLICY)
    request = SimpleNamespace(context={"event": event} if event else {})
    assert evaluate(policy["expression"], request=request) is is_told
