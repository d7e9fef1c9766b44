"""The command: what its options take, and what it tells people."""

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.authentik import command
from app.settings import Settings
from tests.conftest import TOKEN, settings

URL = "https://gateway.example.com"
OTHER = "an-other-t0ken-of-ours"
EMPTY = "A file after '>' is empty now."


def run(*options: str, given: Settings | None = None) -> Result:
    return CliRunner().invoke(command(given or settings()), options)


def notes(*options: str) -> list[str]:
    result = run(*options)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Sets authentik (2025.8 to 2026.8) up")
    return result.stderr.splitlines()


def test_flask_knows_the_command() -> None:
    app = Flask(__name__)
    app.cli.add_command(command(settings()))
    result = app.test_cli_runner().invoke(args=["authentik", "--url", URL])
    assert "\nversion: 1\n" in result.stdout


def test_all_mistakes_are_told_at_once() -> None:
    result = run(
        *(
            "--with",
            "mfa,emails",
            "--events",
            "",
            "--group",
            " ",
            "--from-number",
            "a\nb",
        ),
        *("--token-env", "A", "--token-file", "/b", "--alerts-token", "short"),
        *("--template-in", "both", "--language", "de"),
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: no blueprint is made, with 9 mistakes:",
        "- --url is missing. Give the address where authentik's server and worker reach this gateway,"
        " like https://gateway.example.com.",
        "- --token-env and --token-file exclude each other. Keep one.",
        "- --from-number needs one line of text.",
        "- --with takes mfa, alerts, separated by commas.",
        "- --events takes failed-logins, configuration-errors, suspicious-requests, new-versions,"
        " separated by commas.",
        "- --group needs one line of text.",
        "- --template-in must be gateway or authentik.",
        "- --language must be default or user.",
        "- --alerts-token is no token: at least 16 ASCII characters without blanks. Make one with"
        " 'openssl rand -hex 32'.",
        EMPTY,
    ]


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        (
            "--token-env",
            "my token",
            "takes the name of a variable: letters, digits and _.",
        ),
        (
            "--token-env",
            "ab" * 32,
            "takes the name of a variable. This looks like a token itself.",
        ),
        (
            "--token-file",
            "token",
            "takes a path in authentik's containers, like /run/secrets/token.",
        ),
    ],
)
def test_a_wrong_place_for_the_token_is_not_repeated(
    option: str, value: str, sentence: str
) -> None:
    result = run("--url", URL, option, value)
    assert result.stderr.splitlines() == [
        "Error: no blueprint is made, with 1 mistake:",
        f"- {option} {sentence}",
        EMPTY,
    ]


def test_a_doubtful_address_is_told_and_yet_taken() -> None:
    assert notes("--url", "http://localhost:8880", "--with", "mfa") == [
        "Note: For authentik in a container, localhost is that container itself. Give the name under which"
        " it reaches the gateway."
    ]


def test_alerts_with_the_token_for_codes_are_told() -> None:
    assert notes("--url", URL) == [
        "Note: Alerts come with the token for codes. A stranger who fails to log in often enough could make"
        " Signal limit the sender, and then codes stop, too. docs/authentik.md gives alerts a client and a"
        " limit of their own."
    ]
    assert notes("--url", URL, "--alerts-token-env", "OTHER") == []
    assert notes("--url", URL, "--with", "alerts") == []


def test_a_token_that_the_gateway_does_not_know_is_told() -> None:
    given = ["--url", URL, "--token", TOKEN, "--alerts-token", OTHER]
    assert notes(*given) == [
        "Note: A token that you gave is none of those in API_TOKENS."
    ]


def test_texts_of_authentiks_own_need_a_client_that_may_send_them() -> None:
    assert notes("--url", URL, "--with", "mfa", "--template-in", "authentik") == [
        "Note: With authentik's texts the gateway sees no code: its client must be allowed texts of its own,"
        " and needs a limit for each recipient (docs/authentik.md)."
    ]


def test_the_languages_are_the_gateways() -> None:
    result = run("--url", URL, "--template-in", "authentik", "--language", "user")
    assert result.stderr.splitlines()[1:] == [
        "- --language user needs --template-in gateway: the languages are in its templates.yaml.",
        EMPTY,
    ]


@pytest.mark.parametrize(
    ("number", "options", "line"),
    [
        (None, [], '      from_number: "signal"'),
        ("+4915100000001", [], '      from_number: "+4915100000001"'),
        ("+4915100000001", ["--from-number", "Ärzte: \"a\""], '      from_number: "Ärzte: \\"a\\""'),
    ],
)  # fmt: skip
def test_the_sender_is_the_number_of_the_settings_or_a_word(
    number: str | None, options: list[str], line: str
) -> None:
    result = run("--url", URL, *options, given=settings(signal_number=number))
    assert line in result.stdout.splitlines()


def test_the_comment_tells_which_tokens_are_needed_where() -> None:
    two = run("--url", URL, "--alerts-token-file", "/run/secrets/alerts").stdout
    assert (
        "# Before you apply it, authentik needs in both its server and its worker\n"
        "#   the variable SIGNAL_GATEWAY_TOKEN: the token of the client for codes\n"
        "#   the file /run/secrets/alerts: the token of the client for alerts\n"
        "# The worker reads it for a file, the server for an upload.\n"
    ) in two
    assert "keep it like a password" not in two
    written = run("--url", URL, "--token", TOKEN).stdout
    assert "# A token stands in this file: keep it like a password.\n#\n" in written
    assert "Before you apply it" not in written
    assert TOKEN not in run("--url", URL, "--token-env", "A").stdout


def test_only_what_is_wanted_is_told_in_the_comment() -> None:
    text = run(
        "--url", URL, "--with", "alerts", "--events", "new-versions,failed-logins"
    ).stdout
    assert (
        "#   signal-alerts: a rule and a transport for failed-logins, new-versions\n"
        in text
    )
    assert "signal-authenticator-setup" not in text


def test_a_wrong_part_cannot_be_removed() -> None:
    assert run("--remove", "--with", "all").stderr.splitlines() == [
        "Error: no blueprint is made, with 1 mistake:",
        "- --with takes mfa, alerts, separated by commas.",
        EMPTY,
    ]


def test_every_option_is_told_by_the_command_itself() -> None:
    shown = run("--help").stdout
    for option in command(settings()).params:
        assert option.opts[0] in shown
