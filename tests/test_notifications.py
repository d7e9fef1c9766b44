from typing import Any

import pytest

from app.notifications import canonical_fields


def slack(*fields: Any, **more: Any) -> dict[str, Any]:
    """authentik's Slack form with these fields, each a pair of title and value."""
    entries = [{"title": title, "value": value} for title, value in fields]
    return {"username": "authentik", "attachments": [{"fields": entries, **more}]}


def test_a_webhook_without_a_message_tells_its_action() -> None:
    payload = {
        "body": "login_failed: {'username': 'bob', 'stage': None}",
        "severity": "warning",
        "user_email": "admin@example.org",
        "user_username": "akadmin",
        "event_user_email": None,
        "event_user_username": None,
    }
    assert canonical_fields(payload) == {
        "action": "login_failed",
        "fields": {"Severity": "warning", "Dispatched for user": "akadmin"},
    }


@pytest.mark.parametrize(
    "body", ["A new version is out", "Login: {'a': 1}", {"a": 1}, 5, ""]
)
def test_a_webhook_with_a_message_of_its_own_has_no_action(body: Any) -> None:
    payload = {"body": body, "severity": "notice", "event_user_username": "bob"}
    assert canonical_fields(payload) == {
        "fields": {"Severity": "notice", "Event user": "bob"}
    }


def test_the_slack_form_offers_the_fields_of_the_webhook_and_a_line_for_each_value() -> (
    None
):
    payload = slack(
        ("Severity", "warning"),
        ("Dispatched for user", "akadmin"),
        ("Event user", "AnonymousUser"),
        ("username", "bob"),
        ("geo", {"city": "a\n\u202eb"}),
        title="login_failed",
        footer="authentik 2026.8.0",
        color="#fd4b2d",
    )
    assert canonical_fields(payload) == {
        "action": "login_failed",
        "body": "login_failed\nusername: bob\ngeo: city: a b",
        "severity": "warning",
        "user_username": "akadmin",
        "event_user_username": "AnonymousUser",
        "footer": "authentik 2026.8.0",
        "fields": {
            "Severity": "warning",
            "Dispatched for user": "akadmin",
            "Event user": "AnonymousUser",
            "username": "bob",
            "geo": {"city": "a\n\u202eb"},
        },
    }


def test_the_message_of_a_slack_form_is_its_body() -> None:
    assert canonical_fields(slack(("message", "Out now"), title="update")) == {
        "action": "update",
        "body": "Out now",
        "fields": {"message": "Out now"},
    }


def test_a_slack_user_who_is_none_is_missing() -> None:
    payload = slack(("Event user", "None"), ("Severity", None))
    assert canonical_fields(
        {"attachments": [{"title": "x", **payload["attachments"][0]}]}
    ) == {
        "action": "x",
        "body": "x",
        "fields": {"Event user": "None", "Severity": None},
    }


@pytest.mark.parametrize("attachment", [{}, {"text": "real"}, {"title": 5}])
def test_a_slack_form_without_a_title_is_somebody_elses(attachment: Any) -> None:
    assert canonical_fields({"attachments": [attachment], "text": "hello"}) == {}


@pytest.mark.parametrize(
    "fields", [None, "x", {"title": "x"}, [], [1, None, {}, {"title": ["a"]}]]
)
def test_slack_fields_of_a_wrong_type_are_passed_over(fields: Any) -> None:
    payload = {"attachments": [{"title": "login", "fields": fields}]}
    assert canonical_fields(payload) == {
        "action": "login",
        "body": "login",
        "fields": {},
    }


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"body": "004821"},
        {"body": None, "severity": "notice"},
        {"body": "x", "severity": None},
        {"severity": "notice"},
        {"attachments": []},
        {"attachments": "x"},
        {"attachments": ["x"]},
        {"attachments": {"0": {}}},
    ],
)
def test_anything_else_is_no_notification(payload: dict[str, Any]) -> None:
    assert canonical_fields(payload) == {}
