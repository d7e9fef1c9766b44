from typing import Any

import pytest

from app.errors import GatewayError
from app.fields import clean, compile_format, fill

EVENT = {
    "user": {"email": "bob@example.org", "": "x"},
    "event": {"context": {"message": "Out now"}, "a b": 1},
    "attachments": [{"title": "login_failed"}],
}


def filled(template: str, **fields: Any) -> str:
    return "".join(fill(compile_format(template), fields, {}))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no field", "no field"),
        ("{{x}} {user.email}", "{x} bob@example.org"),
        ("{user[email]}!", "bob@example.org!"),
        ("{event[context][message]}", "Out now"),
        ("{event.context[message]}", "Out now"),
        ("{event[a b]}", "1"),
        ("{attachments[0][title]}", "login_failed"),
    ],
)
def test_a_field_looks_values_up_in_mappings_and_lists(
    template: str, text: str
) -> None:
    assert filled(template, **EVENT) == text


@pytest.mark.parametrize(
    "name",
    """x user.__class__ user.get user.email.upper user.email[0] attachments.append
    attachments.__class__.__mro__ attachments[1] attachments[-1] attachments[x]
    attachments[٠] attachments[9999999999] event[context][message][x]""".split(),
)
def test_what_is_not_in_the_payload_is_missing_even_if_python_knows_it(
    name: str,
) -> None:
    with pytest.raises(GatewayError) as error:
        filled(f"{{{name}}}", **EVENT)
    assert (error.value.code, error.value.names) == ("missing_field", {"field": name})


def test_a_default_stands_in_for_what_is_missing_or_null() -> None:
    parts = compile_format("{a}, {b}, {c.d}, {e}")
    fields = {"b": None, "c": "text", "e": ""}
    defaults = {"a": "one", "b": "two", "c.d": "three", "e": "four"}
    assert "".join(fill(parts, fields, defaults)) == "one, two, three, "


NO_PARTNER = "a brace has no partner. For the brace itself write '{{' or '}}'"
NO_FIELD = "'{%s}' is no field. Write {name}, {name.key}, {name[0]} or {name:text}"
NO_FORMAT = (
    "':%s' is no format. Write :text, :lines, :json or one of Python's str.format"
)
SPECS = ">99999", "c", "zz", "%Y", "TEXT", "text "
NAMES = "x!r", "x.y!r", "x.", "x[]", "x..y", "x[0]y", "-x", " x "


@pytest.mark.parametrize(
    ("template", "told"),
    [
        *((text, NO_PARTNER) for text in ("{x", "x}", "{", "{x!}", "}{")),
        *((f"{{{name}}}", NO_FIELD % name) for name in ("", "0", *NAMES)),
        ("{x:{y}}", NO_FORMAT % "{y}"),
        *((f"{{x:{spec}}}", NO_FORMAT % spec) for spec in SPECS),
    ],
)
def test_what_cannot_be_filled_in_is_told(template: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        compile_format(template)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("spec", "value", "text"),
    [
        ("", "text", "text"),
        ("", True, "true"),
        ("", 0, "0"),
        ("", float("nan"), "NaN"),
        ("", 10**4000, "1" + "0" * 4000),
        ("", {"ip": "::1", "geo": None}, "ip: ::1, geo: null"),
        ("", ["a", {"b": [1, 2]}], "a, b: 1, 2"),
        ("", [], ""),
        ("", {"a\n\u202eb": "c\u2028d"}, "a b: c d"),
        *(("", text, text) for text in ("{y}", "{x.__class__}", "{{y}}", "%s", "{")),
        (":lines", {"ip": "1\n2", "ok": True}, "ip: 1 2\nok: true"),
        (":lines", ["a", {"b": 1}], "a\nb: 1"),
        (":lines", "a\nb", "a b"),
        (":lines", [], ""),
        (":json", {"ä": ["a\nb\u202e", None]}, '{"ä": ["a\\nb", null]}'),
        (":text", "\na\r\nb\u202e \u2028\tc\x85\n", "a\nb\n c"),
        (":text", "\n\n  a\tb  c\n\nd\x00\u2029e\u200b\ud800 \n", "  a b  c\n\nd\ne"),
        (":.2f", 1.5, "1.50"),
        (":06d", 42, "000042"),
        (":,", 1234567, "1,234,567"),
        (":0>6", "42", "000042"),
        (":.3", "a\nbcd", "a b"),
        (":06d", "42", "42"),
        (":d", 1.5, "1.5"),
        (":.2f", {"a": 1}, "a: 1"),
        (":>6", True, "  true"),
        (":.2f", 10**400, "1" + "0" * 400),
    ],
)
def test_a_value_is_written_readably_and_by_a_format_where_it_fits(
    spec: str, value: Any, text: str
) -> None:
    assert filled(f"{{x{spec}}}", x=value) == text


@pytest.mark.parametrize("spec", ["", ":text", ":lines", ":json"])
def test_a_value_nested_too_deeply_ends_with_an_ellipsis(spec: str) -> None:
    value: Any = "deep"
    for levels in range(1, 100_001):
        value = [value]
        if levels == 9:
            assert filled("{x}", x=value) == "…"
    assert filled(f"{{x{spec}}}", x=value) == "…"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \t b  ", "a b"),
        ("a\r\nb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("a\u00a0b\u3000c", "a b c"),
        ("a\x00b\x1b[31mc\x7fd\x9be", "ab[31mcde"),
        ("\u202aa\u202e\u2066b\u2069\u200f\u061c", "ab"),
        ("a\u200bb\u2060c\ufeffd\u00ade\u3164f\u180eg", "abcdefg"),
        ("a\U000e0041b\ud83d", "ab"),
        ("\u200b\u202e\ud800", ""),
        ("👩\u200d👧 ❤\ufe0f ک\u200cا e\u0301", "👩\u200d👧 ❤\ufe0f ک\u200cا e\u0301"),
    ],
)
def test_a_text_keeps_what_people_see_and_nothing_that_they_do_not(
    text: str, cleaned: str
) -> None:
    assert clean(text) == cleaned
