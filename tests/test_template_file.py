"""``templates.yaml``: what it may hold, and every mistake in it with its line."""

from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from limits import parse

from app import payloads
from app.access import Client
from app.fields import Field
from app.payloads import Reading
from app.styling import Style
from app.template_file import TemplateFile
from app.templates import Catalogue

ADMIN = "+4915111111111"
OURS = Path(__file__).parent.parent / "templates.yaml"
IN_QUOTES = "YAML reads this as a number. Put it in quotes."
OWN = Reading(own=True)  # every key is a field and nothing else
NO_FIELD = "Write {name}, {name.key}, {name[0]} or {name:text}."
NO_PARTNER = r"'{}' has no partner. For the character itself write '\{}'."
NO_BRACE = "a brace has no partner. For the brace itself write '{{' or '}}'."
NO_VARIABLE = "the environment has no NONE. Set it, or write ${NONE:-} for nothing."
NO_TEXT = "a text is expected here. If it begins with '{' or '[', put it in quotes."
NO_VALUE = "there is no value. Write one, or take the line out."
NO_LIMIT = "this is no limit. Write it like 10 per 5 minutes."
NO_SENTENCE = "this must be a text whose only fields are {seconds}, {wait}."
HINT = (
    "Indent with blanks, not tabs. A text that begins with '{' or has ': ' in it must"
    " stand in quotes."
)
NO_MAPPING = "this must be a mapping, like 'name: value'."


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(
    text: str | bytes,
    environ: dict[str, str] | None = None,
    names: Collection[str] | None = None,
) -> tuple[Catalogue, list[str]]:
    """The catalogue of a file of this text, and its problems without the file's name."""
    path = Path("templates.yaml")
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    file = TemplateFile(path, environ or {})
    found = file.catalogue(names)
    assert all(told.startswith("templates.yaml, line ") for told in file.problems)
    return found, [told.partition(", ")[2] for told in file.problems]


def rendered(found: Catalogue, name: str, **payload: Any) -> str:
    """The text of a template, its styles shown as they are written in markup."""
    request = payloads.read(payload, found.variables, None, OWN)
    pieces = found.templates[name].render(request).pieces
    return "".join(p.value if isinstance(p, Style) else p for p in pieces)


ENGLISH = (
    "**Your verification code**\n\n012345\n\n"
    "It expires in 5 minutes. If you did not ask for it, ignore this message."
)
GERMAN = (
    "**Ihr Bestätigungscode**\n\n012345\n\nEr gilt 5 Minuten."
    " Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht."
)
FRENCH = (
    "**Votre code de vérification**\n\n012345\n\n"
    "Il expire dans 5 minutes. Si vous ne l'avez pas demandé, ignorez ce message."
)


def test_our_own_templates_write_a_code_in_three_languages() -> None:
    found, problems = read(OURS.read_bytes(), {}, names={"authentik"})
    assert problems == []
    for locale, text in {None: ENGLISH, "de_AT": GERMAN, "fr": FRENCH}.items():
        assert rendered(found, "sms", token="012345", locale=locale) == text


def test_our_own_templates_bring_notifications_to_the_administrators() -> None:
    found, problems = read(OURS.read_bytes(), {"ADMIN_RECIPIENTS": f"{ADMIN}, name.01"})
    assert problems == []
    assert found.templates["notification"].recipients == (ADMIN, "name.01")
    for severity, title in (("notice", "notice"), ("alert", "ALERT"), (None, "notice")):
        text = rendered(found, "notification", severity=severity, body="one\ntwo")
        assert text == f"**authentik: {title}**\n\none\ntwo"


def test_a_whole_file_is_read() -> None:
    found, problems = read(
        """\
        variables: {NUMBER: "${SIGNAL_NUMBER:-}", NAME: "${NAME:-nobody}", A: "a${B}c"}
        templates:
          sms:
            message: "{token}"
            recipients: ["{{ .NUMBER }}", "+49 151 22222222, group.YWJj", "u:name.01"]
          door:
            message: Open
            recipients: ["{user[phone]}"]
            limit: 20 per hour
            answer: 200
        clients:
          all: {}
          authentik:
            templates: [sms]
            number: "+49 151 00000001"
            recipients: ["+49*", group.*]
            networks: [10.0.0.1/8, "::1"]
            limits: {recipient: 10 per 5 minutes, client: 2/hour}
            text_mode: styled
          restricted: {templates: [], recipients: [], passthrough: true, attachments: false}
        errors:
          not_on_signal: " Nicht bei Signal. "
          missing_field: Es fehlt {field}.
        """,
        {"SIGNAL_NUMBER": "+4915100000001", "B": "b"},
        names={"all", "authentik", "restricted"},
    )
    assert problems == []
    assert found.variables == {"NUMBER": "+4915100000001", "NAME": "nobody", "A": "abc"}
    assert found.templates["sms"].recipients == (
        "+4915100000001",
        "+4915122222222",
        "group.YWJj",
        "name.01",
    )
    sms, door = found.templates["sms"], found.templates["door"]
    assert (sms.limit, sms.answer) == (parse("10 per 5 minutes"), 201)
    assert (door.limit, door.answer) == (parse("20 per hour"), 200)
    assert door.addresses == ((Field("user[phone]", ("user", "phone"), ""),),)
    assert found.clients == {
        "all": Client("all"),
        "authentik": Client(
            "authentik",
            templates=("sms",),
            numbers=("+4915100000001",),
            recipients=("+49*", "group.*"),
            networks=(ip_network("10.0.0.0/8"), ip_network("::1/128")),
            limits={"recipient": parse("10 per 5 minutes"), "client": parse("2/hour")},
            styled=True,
        ),
        "restricted": Client(
            "restricted", templates=(), recipients=(), passthrough=True
        ),
    }
    assert found.sentences == {
        "not_on_signal": "Nicht bei Signal.",
        "missing_field": "Es fehlt {field}.",
    }


def test_an_empty_file_is_an_empty_catalogue() -> None:
    for text in ("# nothing\n", "templates: {}\n"):
        assert read(text) == (Catalogue(), [])


def test_all_mistakes_are_told_at_once_each_with_its_line() -> None:
    _, problems = read(
        """\
        variables:
          ADMIN: +4915111111111
          on: x
          the name: x
        templates:
          sms:
            message: {token}
            colour: red
            locales: {no: Norwegian, deutsch!: x, fr: "{code"}
          sms:
            message: again
          alert!:
            message: |
              one
              **two

              three ~four
            variants: {alert: "{0}", fatal: "x", warning: null}
            defaults: {user-name.x: "", a b: x, n: 5}
            recipients: ["{a b}", +49, "0151", "hash:x"]
            limit: often
            answer: 205
          empty: {recipients: [{ADMIN},
            [x]]}
          text: hello
        clients:
          authentik:
            templates: [sms, none]
            number: ["0151", 12]
            recipients: ["+49 *"]
            networks: [10.0.0.0/33, 2020-01-01]
            limits: {recipient: often, client: 10, sender: 1 per hour}
            token: x
          monitoring:
        errors:
          not_on_signal: "{number}"
          unknown: x
          busy: ~
        others: x
        """,
        names={"authentik"},
    )
    assert problems == [
        f"line 2: {IN_QUOTES}",
        "line 3: YAML reads 'on' as true or false. Put it in quotes.",
        "line 4: 'the name' cannot be a name here. Use letters, digits and _.",
        f"line 7: {NO_TEXT}",
        "line 8: 'colour' must be one of message, recipients, locales, variants, defaults, limit, answer.",
        "line 9: 'deutsch!' is no language. Write it like de or de-AT.",
        "line 9: YAML reads 'no' as true or false. Put it in quotes.",
        f"line 9: {NO_BRACE}",
        "line 10: 'sms' is there a second time.",
        "line 12: 'alert!' cannot name a template. Use letters, digits, _ and -.",
        "line 15: " + NO_PARTNER.format("**", "*"),
        "line 17: " + NO_PARTNER.format("~", "~"),
        "line 18: 'fatal' must be one of notice, warning, alert.",
        "line 18: '{0}' is no field. " + NO_FIELD,
        f"line 18: {NO_VALUE}",
        "line 19: 'a b' cannot be a name here. Use letters, digits and _.",
        f"line 19: {IN_QUOTES}",
        f"line 20: {IN_QUOTES}",
        "line 20: this is no recipient. Write phone numbers with their country code, as in"
        " +4915100000001, groups or user names.",
        f"line 20: this is no recipient: '{{a b}}' is no field. {NO_FIELD}",
        f"line 21: {NO_LIMIT}",
        "line 22: this must be one of 200, 201, 202, 203, 204.",
        f"line 23: {NO_TEXT}",
        "line 23: this template has no message.",
        f"line 24: {NO_TEXT}",
        f"line 25: {NO_MAPPING}",
        "line 28: this is no template: 'none'.",
        f"line 29: {IN_QUOTES}",
        "line 29: this is no phone number. Write it with its country code, like +4915100000001.",
        "line 30: this is no recipient and no pattern of one. Write it like +49* or group.*.",
        "line 31: YAML reads this as a date. Put it in quotes.",
        "line 31: this is no network. Write it like 10.0.0.0/8.",
        "line 32: 'sender' must be one of recipient, client.",
        f"line 32: {IN_QUOTES}",
        f"line 32: {NO_LIMIT}",
        "line 33: 'token' must be one of templates, number, recipients, networks, limits, passthrough,"
        " attachments, text_mode.",
        "line 34: 'monitoring' has no token in API_TOKENS. Add monitoring:<token> there, or take this out.",
        f"line 34: {NO_MAPPING}",
        f"line 36: {NO_SENTENCE}",
        "line 37: 'unknown' must be one of bad_request, unauthorized, forbidden, not_found,"
        " method_not_allowed, too_large, no_recipient, invalid_recipient, ambiguous_recipient,"
        " unknown_group, no_sender, no_message, missing_field, unformatted_mapping, not_on_signal,"
        " safety_number_changed, rate_limited, signal_rate_limited, sender_not_registered,"
        " signal_rejected, signal_unreachable, busy, signal_timeout, internal.",
        f"line 38: {NO_VALUE}",
        "line 39: 'others' must be one of variables, templates, clients, errors.",
    ]


UNCLOSED = "expected <block end>, but found"


@pytest.mark.parametrize(
    "text, line, problem",
    [
        ("a: x\nb: *c\n", 2, "found undefined alias 'c'"),
        ("a: \x07\n", 1, "it holds a character that YAML forbids"),
        ("a:\n\tb: y\n", 2, "found character '\\t' that cannot start any token"),
        ("a:\n    b: x\n  c: y\n", 3, f"{UNCLOSED} '<block mapping start>'"),
        ("a: {token} x\n", 1, f"{UNCLOSED} '<scalar>'"),
        ("a: x: y\n", 1, "mapping values are not allowed here"),
    ],
)
def test_a_file_that_is_no_yaml_is_told_with_its_line_and_what_to_do(
    text: str, line: int, problem: str
) -> None:
    told = f"line {line}: this is not YAML: {problem}. {HINT}"
    assert read(text) == (Catalogue(), [told])


def test_a_file_that_cannot_be_read_is_told_with_the_variable_that_names_it() -> None:
    cannot = "line 1: the file cannot be read:"
    where = "TEMPLATES_FILE says where it is."
    assert read(b"\xe4")[1] == [f"{cannot} it is not UTF-8. {where}"]
    missing = TemplateFile(Path("none.yaml"), {})
    assert missing.catalogue(None) == Catalogue()
    reason = "No such file or directory"
    assert missing.problems == [f"none.yaml, {cannot} {reason}. {where}"]


@pytest.mark.parametrize(
    "text, problem",
    [
        ("- x", NO_MAPPING),
        ("templates:", NO_MAPPING),
        ("errors: {busy: ' '}", NO_SENTENCE),
        ("clients: {a: {attachments: maybe}}", "this must be one of true, false."),
        ("clients: {a: {text_mode: bold}}", "this must be one of normal, styled."),
        ("templates: {a: {message: x, limit: [2/hour]}}", NO_TEXT),
        ("variables: {A: 1.5}", IN_QUOTES),
        ("variables: {A: !!set {b}}", NO_TEXT),
        ("? [a]\n: b", NO_TEXT),
        ("variables: {B: '${NONE}'}", NO_VARIABLE),
        (
            "templates: {sms: {message: a, locales: {de-AT: b, de_at: c}}}",
            "'de_at' is there a second time.",
        ),
    ],
)
def test_a_mistake_of_structure_is_told_with_its_line(text: str, problem: str) -> None:
    assert read(f"# a comment\n{text}")[1] == [f"line 2: {problem}"]


@pytest.mark.parametrize(
    "message, line, sentence",
    [
        ("' '", 3, "this message is empty."),
        ("'**{a}'", 3, NO_PARTNER.format("**", "*")),
        ("|\n      **one**\n\n      2 * 3", 6, NO_PARTNER.format("*", "*")),
        ("|\n      one ||two\n      three", 4, NO_PARTNER.format("||", "|")),
        ("|-\n      a\n      `b\n      **c", 5, NO_PARTNER.format("`", "`")),
        ("'${NONE}'", 3, NO_VARIABLE),
    ],
)
def test_a_mistake_in_a_message_is_told_with_its_line(
    message: str, line: int, sentence: str
) -> None:
    _, problems = read(f"templates:\n  sms:\n    message: {message}\n")
    assert f"line {line}: {sentence}" in problems


@pytest.mark.parametrize(
    "message, pieces",
    [
        ("**${NAME}**", (Style.BOLD, "*x* ||y|| {token} `z`", Style.BOLD)),
        ("${NONE:-**x**}*{token}*", ("**x**", Style.ITALIC, "1234", Style.ITALIC)),
        ("${EMPTY:-a}${EMPTY:-}", ("a",)),
        ("${token}", ("$", "1234")),
    ],
)
def test_what_comes_from_the_environment_is_neither_markup_nor_a_field(
    message: str, pieces: tuple[object, ...]
) -> None:
    environ = {"NAME": "*x* ||y|| {token} `z`", "EMPTY": ""}
    found, problems = read(f"templates:\n  sms:\n    message: '{message}'\n", environ)
    request = payloads.read({"token": "1234"}, {}, None, OWN)
    assert problems == []
    assert found.templates["sms"].render(request).pieces == pieces


def test_problems_and_reprs_hold_nothing_of_the_environment() -> None:
    found, problems = read(
        """\
        variables: {ADMINS: "${ADMINS}"}
        templates: {sms: {message: x, recipients: ["{ADMINS}", "${OTHER}"]}}
        clients: {authentik: {number: "${OTHER}", networks: "${OTHER}"}}
        errors: {busy: "{${OTHER}}"}
        """,
        {"ADMINS": f"{ADMIN},s3cr3t", "OTHER": "0ther-s3cr3t"},
    )
    assert problems[:2] == [
        "line 2: this is no recipient. In ${ADMINS} write phone numbers with their country code,"
        " as in +4915100000001, groups or user names.",
        "line 2: this is no recipient. Write phone numbers with their country code,"
        " as in +4915100000001, groups or user names.",
    ]
    assert len(problems) == 5
    shown = repr(found) + "".join(problems)
    assert "s3cr3t" not in shown and ADMIN not in shown
