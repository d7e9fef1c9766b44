"""Which of a template's texts a request gets, and what becomes of its fields there.

Which template it gets stands in decisions.yaml.
"""

import json
from typing import Any

import pytest

from tests.posting import ANNA, Result, post

LANGUAGES = """
templates:
  own:
    message: main
    locales: {de: German, de_AT: Austrian, pt-BR: Brazilian}
    variants: {alert: "ALERT"}
"""
DEFAULTS = "missing: default, user.email.title: no method"
CODE = {"token": "012345", "to": ANNA}
ALERT = {"severity": "notice", "user_email": "a@b", "user_username": "a", "body": "In"}


def filled(message: str, **payload: Any) -> Result:
    """``message`` as the template for ``payload``."""
    text, to = json.dumps(message), {"to": ANNA}
    own = f"templates: {{own: {{message: {text}, defaults: {{{DEFAULTS}}}}}}}"
    return post({**to, **payload}, "/v2/send/own", f"variables: {{NAME: ours}}\n{own}")


@pytest.mark.parametrize("payload", [CODE, {**ALERT, "recipients": ANNA}])
def test_without_the_template_of_its_shape_there_is_no_message(
    payload: dict[str, Any],
) -> None:
    assert post(payload, templates="templates: {}").refusal[0] == "no_message"


@pytest.mark.parametrize(
    "locale, severity, text",
    [
        (None, None, "main"),
        ("fr", None, "main"),
        (5, None, "main"),
        # Looked at whole, this would take minutes.
        pytest.param("-" * 200_000, None, "main", id="endless"),
        ("de", None, "German"),
        ("DE_ch", None, "German"),
        ("de_at", None, "Austrian"),
        ("pt_BR", None, "Brazilian"),
        ("de", "alert", "ALERT"),
        (None, ["alert"], "main"),
    ],
)
def test_the_text_is_that_of_the_severity_else_of_the_locale_else_the_main_one(
    locale: Any, severity: Any, text: str
) -> None:
    payload = {"to": ANNA, "locale": locale, "severity": severity}
    assert post(payload, "/v2/send/own", LANGUAGES).texts == {ANNA: text}


@pytest.mark.parametrize(
    "message, payload, text",
    [
        ("{e.x[a][1][m]:text}", {"e": {"x": {"a": [0, {"m": "1\n2"}]}}}, "1\n2"),
        ("{{{a}}} ${HOME:-home}", {"a": "{b}"}, "{{b}} home"),
        ("{missing} {user.email.title}", {"user": {"email": ""}}, "default no method"),
        ("{NAME} {name}", {"NAME": "theirs", "name": "a"}, "ours a"),
        ("a**{b}**", {"b": ""}, "a"),
        (r"||**{a}** ~{b}~|| \*", {"a": "2*", "b": "C:\\"})
        + ("||**2\\*\u200b** ~C:\\\u200b~|| \\*",),
    ],
)
def test_a_template_is_filled_with_fields_as_data(
    message: str, payload: dict[str, Any], text: str
) -> None:
    assert filled(message, **payload).texts == {ANNA: text}


def test_a_missing_field_is_named_and_nothing_is_sent() -> None:
    assert filled("**{user.name}**", user={"name": None}).refusal == (
        "missing_field",
        "No message was sent. Tell the administrator: the message needs 'user.name', which the"
        " request does not have.",
    )


@pytest.mark.parametrize("value", ["", " \n", "\u200b"])
def test_a_message_without_anything_to_see_is_not_sent(value: str) -> None:
    assert filled("**{a}**", a=value).refusal[0] == "no_message"
