"""Whose notification it is: authentik's in each of its forms, and those that only look like it."""

from typing import Any

import pytest

from app import payloads
from app.fields import readable
from tests.conftest import ADMIN
from tests.posting import ANNA, Result, post

TEMPLATES = f"""
templates:
  notification:
    recipients: "{ADMIN}"
    message: "{{severity}} {{user_username}}/{{event_user_username}}: {{body:text}}"
    locales: {{de: "DE {{body}}"}}
    variants: {{alert: "ALERT {{action}} {{client_ip}}"}}
    defaults: {{severity: none, user_username: "-", event_user_username: "-", client_ip: "-"}}
"""
ALERT = {
    "body": "login_failed: {'username': 'bob', 'stage': None}",
    "severity": "warning",
    "user_email": "admin@example.org",
    "user_username": "akadmin",
}
BODY = ALERT["body"]
LOGIN = {"severity": "alert", "action": "login", "client_ip": "::1", "body": "x"}


def send(payload: dict[str, Any], path: str = "/v2/send") -> Result:
    return post(payload, path, TEMPLATES)


def slack(fields: Any = {}, **more: Any) -> dict[str, Any]:
    """authentik's Slack form with these fields, values by their titles."""
    if isinstance(fields, dict):
        fields = [{"title": title, "value": value} for title, value in fields.items()]
    attachment = {"title": "login_failed", "footer": "authentik 2026.8.0", **more}
    return {"username": "authentik", "attachments": [{"fields": fields, **attachment}]}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"number": "{NUMBER}"}, f"warning akadmin/-: {BODY}"),
        ({"user_email": None, "user_username": None}, f"warning -/-: {BODY}"),
        ({"event_user_email": ""}, f"warning akadmin/-: {BODY}"),
        ({"event_user_username": "bob"}, f"warning akadmin/bob: {BODY}"),
        ({"locale": "de"}, f"DE {BODY}"),
        ({"severity": "alert", "locale": "de"}, "ALERT login_failed -"),
        (LOGIN, "ALERT login ::1"),
        ({"severity": "notice", "body": "a\nb"}, "notice akadmin/-: a\nb"),
        ({"body": {"a": 1}}, "warning akadmin/-: a: 1"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/send", "/v2/send/notification"])
def test_a_notification_of_authentik_is_told_by_all_of_its_keys(
    more: dict[str, Any], text: str, path: str
) -> None:
    assert send({**ALERT, **more}, path).texts == {ADMIN: text}
    assert send({**ALERT, **more, "recipients": ANNA}, path).texts == {ANNA: text}


@pytest.mark.parametrize(
    "payload",
    [
        {**ALERT, "severity": None},
        {**ALERT, "title": "CPU of web1"},
        {**ALERT, "to": ANNA},
        {key: ALERT[key] for key in ("body", "severity", "user_email")},
    ],
)
def test_with_other_keys_or_severities_it_is_a_text_of_somebody_else(
    payload: dict[str, Any],
) -> None:
    payload = {"recipients": ANNA, **payload}
    assert send(payload).texts == {ANNA: ALERT["body"]}
    assert send(payload, "/v2/send/notification").refusal == (
        "missing_field",
        "No message was sent. Tell the administrator: the message needs 'body', which the"
        " request does not have.",
    )


BOB = {
    **{"Severity": "notice", "Dispatched for user": "akadmin", "Event user": "None"},
    **{"username": "bob", "geo": {"city": "a\n\u202eb"}},
}


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (slack(BOB), "notice akadmin/-: login_failed\nusername: bob\ngeo: city: a b"),
        (slack({"message": "Out now", "Event user": "bob"}), "none -/bob: Out now"),
        (slack({"Severity": "alert"}), "ALERT login_failed -"),
        (slack(None), "none -/-: login_failed"),
        (slack([1, None, {"title": [1]}]), "none -/-: login_failed\n1: null"),
        (slack("x", title=None), "none -/-: "),
    ],
)
def test_the_slack_form_offers_the_same_fields(
    payload: dict[str, Any], text: str
) -> None:
    assert send(payload).texts == {ADMIN: text}
    assert send({**payload, "recipients": [ANNA]}).texts == {ANNA: text}


@pytest.mark.parametrize(
    "payload",
    [
        slack(footer=None),
        slack(footer="my authentik 1.0"),
        {**slack(), "attachments": []},
        {**slack(), "attachments": ["x"]},
        {**slack(), "attachments": {"0": {}}},
    ],
)
def test_without_its_name_and_footer_a_slack_form_is_somebody_elses(
    payload: dict[str, Any],
) -> None:
    payload = {"recipients": [ANNA], **payload}
    assert send(payload).refusal[0] == "no_message"
    assert send({**payload, "message": "Disk full"}).texts == {ANNA: "Disk full"}


def test_no_name_of_a_user_can_hide_the_alert() -> None:
    payload = {**ALERT, "body": "login_failed: {token} {stage.x}"}
    assert send(payload).texts == {ADMIN: f"warning akadmin/-: {payload['body']}"}
    own = f'{TEMPLATES}  own: {{recipients: "{ADMIN}", message: "{{body}}"}}'
    assert post(payload, "/v2/send/own", own).texts == {ADMIN: payload["body"]}


def test_a_template_gets_the_fields_of_a_notification_by_their_titles() -> None:
    found = payloads.read({**ALERT, "event_user_username": "bob"}, {}, None).fields
    titles = "Severity: warning, Dispatched for user: akadmin, Event user: bob"
    assert (readable(found["fields"]), found["action"]) == (titles, "login_failed")
    found = payloads.read(slack({"Severity": "notice", "x": 1}), {}, None).fields
    assert found["fields"] == {"Severity": "notice", "x": 1}
    assert found["footer"] == "authentik 2026.8.0"
