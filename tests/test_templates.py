"""Which template a request gets, and what becomes of its fields in the template's text."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from app import payloads, template_file
from app.errors import GatewayError
from app.payloads import Reading, SendRequest
from app.settings import ApiToken
from app.styling import Style, Styled, to_markup
from app.templates import Catalogue
from tests.conftest import ADMIN, TOKEN
from tests.posting import ANNA, post

B = Style.BOLD


def catalogue(tmp_path: Path, text: str) -> Catalogue:
    path, problems = tmp_path / "templates.yaml", list[str]()
    path.write_text(dedent(text), encoding="utf-8")
    read = template_file.read(path, {}, None, problems)
    assert problems == []
    return read


def one(tmp_path: Path, message: str, more: str = "") -> Catalogue:
    """A catalogue with one template, ``own``."""
    return catalogue(
        tmp_path, f"templates: {{own: {{message: {json.dumps(message)}, {more}}}}}"
    )


def request(**payload: Any) -> SendRequest:
    return payloads.read(payload, {}, None, Reading(own=True))


def rendered(found: Catalogue, **payload: Any) -> Styled:
    return found.render(found.templates["own"], request(**payload))


def code_of(error: pytest.ExceptionInfo[GatewayError]) -> tuple[str, str]:
    return error.value.code, error.value.sentence({})


SHAPES = f"""
templates:
  sms: {{message: "code {{token}}"}}
  notification: {{message: "alert {{body}}", recipients: "{ADMIN}"}}
  other: {{message: other}}
clients: {{authentik: {{}}, one: {{templates: other}}, codes: {{templates: sms}}}}
"""
CODE = {"token": "012345", "to": ANNA}
ALERT = {
    "body": "Login",
    "severity": "notice",
    "user_email": "a@b",
    "user_username": "a",
    "recipients": [ANNA],
}
MESSAGE = {"message": "Hello", "to": ANNA}


@pytest.mark.parametrize(
    "path, client, payload, text",
    [
        ("/other", "any", CODE, "other"),
        ("/sms", "one", CODE, "forbidden"),
        ("/sms", "any", MESSAGE, "missing_field"),
        ("/notification", "any", CODE, "missing_field"),
        ("", "one", CODE, "other"),
        ("", "codes", CODE, "code 012345"),
        ("", "codes", MESSAGE, "missing_field"),
        ("", "any", CODE, "code 012345"),
        ("", "any", ALERT, "alert Login"),
        ("", "any", MESSAGE, "Hello"),
        ("/nothing", "any", CODE, "not_found"),
    ],
)
def test_a_template_is_chosen_by_the_path_then_the_client_then_the_payloads_shape(
    path: str, client: str, payload: dict[str, Any], text: str
) -> None:
    names = ("authentik", "one", "codes", "any")
    tokens = tuple(ApiToken.of(name, f"{name}-{TOKEN}") for name in names)
    bearer = {"Authorization": f"Bearer {client}-{TOKEN}"}
    way = f"/v2/send{path}"
    result = post(payload, way, SHAPES, headers=bearer, api_tokens=tokens)
    assert text in ([*result.texts.values()] if result.sent else result.refusal)


@pytest.mark.parametrize("payload", [CODE, ALERT])
def test_without_the_template_of_its_shape_there_is_no_message(
    payload: dict[str, Any],
) -> None:
    assert post(payload, templates="templates: {}").refusal[0] == "no_message"


LANGUAGES = """\
    templates:
      own:
        message: main
        locales: {de: German, de_AT: Austrian, pt-BR: Brazilian}
        variants: {alert: "ALERT"}
"""


@pytest.mark.parametrize(
    "locale, severity, text",
    [
        (None, None, "main"),
        ("", None, "main"),
        ("fr", None, "main"),
        ("pt", None, "main"),
        (5, None, "main"),
        # Looked at whole, this would take minutes.
        pytest.param("-" * 1_000_000, None, "main", id="endless"),
        ("de", None, "German"),
        ("DE_ch", None, "German"),
        ("de-AT", None, "Austrian"),
        ("de_at", None, "Austrian"),
        ("pt_BR", None, "Brazilian"),
        ("de", "notice", "German"),
        ("de", "alert", "ALERT"),
        (None, ["alert"], "main"),
    ],
)
def test_the_text_is_that_of_the_severity_else_of_the_locale_else_the_main_one(
    tmp_path: Path, locale: Any, severity: Any, text: str
) -> None:
    found = catalogue(tmp_path, LANGUAGES)
    assert rendered(found, locale=locale, severity=severity).text == text


@pytest.mark.parametrize(
    "message, payload, text",
    [
        ("{user.email}", {"user": {"email": "a@b"}}, "a@b"),
        ("{e[c][m]}", {"e": {"c": {"m": "x"}}}, "x"),
        ("{a[1][title]}", {"a": [0, {"title": "x"}]}, "x"),
        ("{{{a}}}", {"a": "{b}"}, "{{b}}"),
        ("{a:0>5}", {"a": 12}, "00012"),
        ("{a}", {"a": " one\n two\t"}, "one two"),
        ("{a:text}", {"a": "one\r\ntwo"}, "one\ntwo"),
        ("{a:lines}", {"a": {"x": 1, "y": "2\n3"}}, "x: 1\ny: 2 3"),
        ("{a:json}", {"a": {"x": [True]}}, '{"x": [true]}'),
        ("{a}", {"a": "c\u202eo\u200bd\x07e"}, "code"),
        ("{missing}", {}, "default"),
        ("{missing}", {"missing": None}, "default"),
        ("{deep.down}", {"deep": {}}, "below"),
        ("{user.email.title}", {"user": {"email": "a@b"}}, "no method"),
    ],
)
def test_fields_take_their_values_from_mappings_and_lists_and_then_from_the_defaults(
    tmp_path: Path, message: str, payload: dict[str, Any], text: str
) -> None:
    defaults = (
        "defaults: {missing: default, deep.down: below, user.email.title: no method}"
    )
    assert rendered(one(tmp_path, message, defaults), **payload).text == text


@pytest.mark.parametrize(
    "message, payload, field",
    [
        ("{token}", {}, "token"),
        ("{a}", {"a": None}, "a"),
        ("**{user.name}**", {"user": {}}, "user.name"),
        ("{a.__class__}", {"a": "x"}, "a.__class__"),
    ],
)
def test_a_missing_field_is_named_and_nothing_is_sent(
    tmp_path: Path, message: str, payload: dict[str, Any], field: str
) -> None:
    with pytest.raises(GatewayError) as error:
        rendered(one(tmp_path, message), **payload)
    assert code_of(error) == (
        "missing_field",
        f"No message was sent. Tell the administrator: the message needs '{field}', which the"
        " request does not have.",
    )


def test_variables_win_over_the_fields_of_a_payload_and_stay_out_of_reprs(
    tmp_path: Path,
) -> None:
    found = catalogue(
        tmp_path,
        """\
        variables: {NAME: ours}
        templates: {own: {message: "{NAME} {name}"}}
        """,
    )
    assert rendered(found, NAME="theirs", name="a").text == "ours a"
    assert "ours" not in repr(found)


@pytest.mark.parametrize(
    "value", ["**x**", "*", "a||b||", "`~x~`", "{other}", "{{", "\\", "x\\*"]
)
def test_a_value_is_never_markup_or_a_field(tmp_path: Path, value: str) -> None:
    found = one(tmp_path, "**{a}** *i*")
    assert rendered(found, a=value, other="secret").pieces == (
        *(B, value, B),
        *(" ", Style.ITALIC, "i", Style.ITALIC),
    )


def test_nested_styles_and_values_reach_signals_server_as_meant(tmp_path: Path) -> None:
    message = rendered(one(tmp_path, r"||**{a}** ~{b}~|| \*"), a="2*", b="C:\\")
    assert to_markup(message) == "||**2\\*\u200b** ~C:\\\u200b~|| \\*"


def test_a_style_around_an_empty_value_is_left_out(tmp_path: Path) -> None:
    assert rendered(one(tmp_path, "a**{b}**"), b="").pieces == ("a",)


@pytest.mark.parametrize("value", ["", " \n", "\u200b"])
def test_a_message_without_anything_to_see_is_not_sent(
    tmp_path: Path, value: str
) -> None:
    with pytest.raises(GatewayError) as error:
        rendered(one(tmp_path, "**{a}**"), a=value)
    assert error.value.code == "no_message"


@pytest.mark.parametrize(
    "payload, own, styled",
    [
        ({}, ("a **b**\n2",), ("a ", B, "b", B, "\n2")),
        ({"text_mode": "normal"}, ("a **b**\n2",), ("a **b**\n2",)),
        ({"text_mode": "styled"}, ("a ", B, "b", B, "\n2"), ("a ", B, "b", B, "\n2")),
    ],
)
def test_a_text_of_the_callers_own_is_read_as_it_says_else_as_its_client_does(
    payload: dict[str, Any],
    own: tuple[str | Style, ...],
    styled: tuple[str | Style, ...],
) -> None:
    found = payloads.read({"message": "a **b**\r\n2\u202e", **payload}, {}, None)
    assert Catalogue().render(None, found).pieces == own
    assert Catalogue().render(None, found, as_styled=True).pieces == styled


@pytest.mark.parametrize("mode", ["normal", "styled"])
def test_the_text_mode_of_a_client_stands_in_templates_yaml(mode: str) -> None:
    rules = f"clients: {{authentik: {{text_mode: {mode}}}}}"
    (document,) = post({"to": ANNA, "message": "**nginx** new"}, templates=rules).sent
    assert (document["message"], document["text_mode"]) == ("**nginx** new", mode)
