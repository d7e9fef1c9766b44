"""Which template a request gets, and what becomes of its fields in the template's text."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from app import payloads, template_file
from app.access import Client
from app.errors import GatewayError
from app.payloads import SendRequest
from app.styling import Style, Styled, to_markup
from app.templates import Catalogue

ADMIN = "+4915111111111"
B = Style.BOLD


def catalogue(tmp_path: Path, text: str) -> Catalogue:
    path, problems = tmp_path / "templates.yaml", list[str]()
    path.write_text(dedent(text), encoding="utf-8")
    read = template_file.read(path, {}, None, None, problems)
    assert problems == []
    return read


def one(tmp_path: Path, message: str, more: str = "") -> Catalogue:
    """A catalogue with one template, ``sms``."""
    return catalogue(
        tmp_path, f"templates: {{sms: {{message: {json.dumps(message)}, {more}}}}}"
    )


def request(**payload: Any) -> SendRequest:
    return payloads.read(json.dumps(payload).encode(), {}, None)


def rendered(found: Catalogue, **payload: Any) -> Styled:
    return found.render(found.templates["sms"], request(**payload))


def code_of(error: pytest.ExceptionInfo[GatewayError]) -> tuple[str, str]:
    return error.value.code, error.value.sentence({})


SHAPES = """\
    templates:
      sms: {message: "{token}"}
      notification: {message: "{body}"}
      other: {message: other}
    clients:
      one: {templates: other}
      two: {templates: [sms, other]}
"""
CODE = {"token": "012345"}
NOTIFICATION = {"body": "Login", "severity": "notice"}
SLACK = {"attachments": [{"title": "Login", "fields": []}]}
MESSAGE = {"message": "Hello"}


@pytest.mark.parametrize(
    "path, client, payload, name",
    [
        ("other", "any", CODE, "other"),
        ("sms", "one", MESSAGE, "sms"),
        (None, "one", CODE, "other"),
        (None, "two", CODE, "sms"),
        (None, "any", CODE, "sms"),
        (None, "any", NOTIFICATION, "notification"),
        (None, "any", SLACK, "notification"),
        (None, "any", MESSAGE, None),
    ],
)
def test_a_template_is_chosen_by_the_path_then_the_client_then_the_payloads_shape(
    tmp_path: Path,
    path: str | None,
    client: str,
    payload: dict[str, Any],
    name: str | None,
) -> None:
    found = catalogue(tmp_path, SHAPES)
    template = found.choose(path, found.client(client), request(**payload))
    assert (template and template.name) == name


def test_a_path_without_a_template_is_not_found(tmp_path: Path) -> None:
    found = catalogue(tmp_path, SHAPES)
    with pytest.raises(GatewayError) as error:
        found.choose("nothing", found.client("any"), request(**CODE))
    assert error.value.code == "not_found"


@pytest.mark.parametrize("payload", [CODE, NOTIFICATION])
def test_without_the_templates_of_the_shapes_the_own_message_goes_out(
    payload: dict[str, str],
) -> None:
    assert Catalogue().choose(None, Client("any"), request(**payload)) is None


def test_a_client_without_an_entry_has_no_restriction(tmp_path: Path) -> None:
    assert catalogue(tmp_path, SHAPES).client("any") == Client("any")


def test_the_recipients_of_the_template_serve_where_the_request_names_none(
    tmp_path: Path,
) -> None:
    found = one(tmp_path, "Hello", f"recipients: '{ADMIN}'")
    template = found.templates["sms"]
    assert found.recipients(template, request(to="+4915122222222")) == (
        "+4915122222222",
    )
    assert found.recipients(template, request(**CODE)) == (ADMIN,)
    assert ADMIN not in repr(found)


@pytest.mark.parametrize("template", ["sms", None])
def test_without_any_recipient_nothing_is_sent(
    tmp_path: Path, template: str | None
) -> None:
    found = one(tmp_path, "Hello")
    with pytest.raises(GatewayError) as error:
        found.recipients(found.templates[template] if template else None, request())
    assert error.value.code == "no_recipient"


LANGUAGES = """\
    templates:
      sms:
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
        templates: {sms: {message: "{NAME} {name}"}}
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


def test_an_attachment_needs_no_text(tmp_path: Path) -> None:
    found = one(tmp_path, "{a}")
    assert rendered(found, a="", base64_attachments=["YQ=="]).text == ""
    assert Catalogue().render(None, request(sticker="pack:1")).text == ""


@pytest.mark.parametrize(
    "payload, pieces",
    [
        ({"message": "a **b**"}, ("a **b**",)),
        ({"message": "a **b**", "text_mode": "normal"}, ("a **b**",)),
        ({"message": "a **b**", "text_mode": "styled"}, ("a ", B, "b", B)),
        ({"message": "one\r\ntwo\u202e"}, ("one\ntwo",)),
    ],
)
def test_a_message_of_the_callers_own_is_read_as_its_text_mode_says(
    payload: dict[str, Any], pieces: tuple[str | Style, ...]
) -> None:
    assert Catalogue().render(None, request(**payload)).pieces == pieces


@pytest.mark.parametrize(
    "payload, code", [({}, "no_message"), ({"message": {"a": 1}}, "bad_request")]
)
def test_without_a_template_and_a_text_nothing_is_sent(
    payload: dict[str, Any], code: str
) -> None:
    with pytest.raises(GatewayError) as error:
        Catalogue().render(None, request(**payload))
    assert error.value.code == code
