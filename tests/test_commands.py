"""The operator's commands but for ``check``, see test_doctor.py."""

import re
from pathlib import Path

import pytest
from click.testing import Result

from app import create_app
from tests.conftest import settings

GERMAN = """\
│ Ihr Bestätigungscode
│
│ 004821
│
│ Er gilt 5 Minuten. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.
Length: 119 bytes.
"""


def invoke(*arguments: str, text: str = "") -> Result:
    runner = create_app(settings(), {}).test_cli_runner()
    return runner.invoke(args=list(arguments), input=text)


def test_a_message_is_rendered_in_a_language() -> None:
    data = '{"token": "004821"}'
    result = invoke("render", "sms", "--data", data, "--locale", "de-AT")
    assert (result.output, result.exit_code) == (GERMAN, 0)


def test_defaults_stand_where_the_data_has_nothing() -> None:
    result = invoke("render", "notification", "--data", '{"body": "One\\nTwo"}')
    assert result.output == (
        "│ authentik: notice\n" "│\n" "│ One\n" "│ Two\n" "Length: 26 bytes.\n"
    )
    assert result.exit_code == 0


def test_what_is_missing_is_named() -> None:
    result = invoke("render", "notification")
    assert result.output == (
        "Error: the message needs 'body', which the request does not have.\n"
    )
    assert result.exit_code == 1


def test_the_administrator_is_not_told_to_tell_the_administrator(
    tmp_path: Path,
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(
        "templates: {own: {message: '{text}'}}\nerrors: {no_message: Sagt es weiter}\n"
    )
    runner = create_app(settings(templates_file=path), {}).test_cli_runner()
    result = runner.invoke(args=["render", "own", "--data", '{"text": " "}'])
    assert result.output == ("Error: the request has neither a code nor a message.\n")
    assert result.exit_code == 1


def test_an_unknown_template_is_answered_with_those_there_are() -> None:
    result = invoke("render", "smss")
    assert result.output == (
        "Error: there is no template 'smss'. There are: sms, notification.\n"
    )
    assert result.exit_code == 1


def test_without_templates_none_is_known(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("{}\n")
    app = create_app(settings(templates_file=path), {})
    result = app.test_cli_runner().invoke(args=["render", "sms"])
    assert result.output == "Error: there is no template 'sms'. There are: none.\n"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "{'token': 1}",
            "--data is not JSON: Expecting property name enclosed in double quotes:"
            " line 1 column 2 (char 1).",
        ),
        (
            "[]",
            "This request cannot be read: it is JSON, but no object. A webhook mapping must"
            " return a dict like {'to': …}.",
        ),
        (
            '{"Body": "Use {token}", "To": "+4915112345678"}',
            "the text still has {token} in it. In the webhook mapping, put an f before its"
            " opening quote.",
        ),
    ],
)
def test_what_is_wrong_with_the_data_is_told(data: str, sentence: str) -> None:
    result = invoke("render", "sms", "--data", data)
    assert result.output == f"Error: {sentence}\n"
    assert result.exit_code == 1


def test_a_token_is_made_and_shown_once() -> None:
    result = invoke("token", "authentik")
    assert re.fullmatch(r"[0-9a-f]{64}\n", result.stdout)
    assert result.stderr == (
        "This is the token. It is shown once and kept nowhere. Where it goes:\n"
        "1. The gateway: add authentik:<the token> to API_TOKENS, after what is there and a comma.\n"
        "2. The sender: in authentik 'API Auth Username' of the SMS stage, or the variable\n"
        "   SIGNAL_GATEWAY_TOKEN of its containers; any other sends it as Bearer token\n"
        "   (docs/other-senders.md).\n"
        '3. Restart both, in Docker by "docker compose up -d": "restart" does not read new variables.\n'
    )
    assert invoke("token", "authentik").stdout != result.stdout


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a:b", "ä", "x" * 65])
def test_a_name_that_api_tokens_would_refuse_gets_no_token(name: str) -> None:
    result = invoke("token", name)
    assert result.output == (
        f"Error: '{name}' cannot name a client. Use up to 64 letters, digits, _ . and -.\n"
    )
    assert result.exit_code == 1
