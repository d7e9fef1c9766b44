"""What ``flask --app wsgi check`` shows: whole screens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import Result

from app import create_app
from tests import redis_server
from tests.conftest import ADMIN, NUMBER, SIGNAL, TOKEN, settings

DAEMON = "http://admin:s3cr3t@daemon.test:8081/api/v1/rpc"
TO = "+49 151 12345678"
OFFLINE = """\
✓ The configuration is in order. templates.yaml: sms, notification.
✓ Template sms (also de, fr), with samples:
    Your verification code

    123456

    It expires in 5 minutes. If you did not ask for it, ignore this message.
✓ Template notification (also alert), with samples:
    authentik: notice

    Somebody signed in from a new place.
"""
SERVER = """\
✓ Signal's server signal.test:8080: signal-cli-rest-api 0.98, mode json-rpc.
✓ Sender +49…001: registered there.
"""
NO_RECIPIENTS = """\
! Template notification: no recipients.
    Set ADMIN_RECIPIENTS, or write 'recipients' there: an alert that names nobody is refused.
"""
NO_SENDER = """\
✗ Sender: none.
    Set SIGNAL_NUMBER to the number that sends, with its country code.
"""
LIMITS = "✓ Limits: counted in memory.\n"
CORRECT_ADDRESS = """\
    Start it, or correct SIGNAL_API_URL: the address of signal-cli-rest-api, like http://signal:8080,
    or of a signal-cli daemon with /api/v1/rpc at its end.
"""


def check(*options: str, charset: str = "utf-8", **changes: Any) -> Result:
    environ = {"WEB_CONCURRENCY": "1", "ADMIN_RECIPIENTS": ADMIN}
    app = create_app(settings(**changes), environ)
    return app.test_cli_runner(charset=charset).invoke(args=["check", *options])


def shown(*options: str, **changes: Any) -> tuple[str, int]:
    """What follows the part that is always the same, and the exit status."""
    result = check(*options, **changes)
    assert result.output.startswith(OFFLINE), result.output
    return result.output.removeprefix(OFFLINE), result.exit_code


@pytest.fixture
def server(signal: responses.RequestsMock) -> Iterator[responses.RequestsMock]:
    """Signal's server, with all in order."""
    about = {"versions": ["v1", "v2"], "mode": "json-rpc", "version": "0.98"}
    signal.get(f"{SIGNAL}/v1/about", json=about)
    signal.get(f"{SIGNAL}/v1/accounts", json=[NUMBER])
    yield signal


def test_all_is_well(server: responses.RequestsMock) -> None:
    assert shown() == (SERVER + LIMITS, 0)


def test_nothing_is_configured() -> None:
    app = create_app(environ={})
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.output == OFFLINE + NO_RECIPIENTS + (
        "– Signal's server: none, so messages are shown here and not sent.\n"
        "    To send them, set SIGNAL_API_URL, like http://signal:8080.\n"
        "✓ Limits: counted in memory.\n"
    )
    assert result.exit_code == 0


def test_a_preview_with_number_and_tokens_lacks_only_the_server() -> None:
    assert shown(signal_urls=()) == (
        "– Signal's server: none, so messages are shown here and not sent.\n"
        "    To send them, set SIGNAL_API_URL, like http://signal:8080.\n" + LIMITS,
        0,
    )


def test_offline_asks_nobody() -> None:
    with responses.RequestsMock():
        assert shown("--offline", rate_limit_storage_uri="redis://127.0.0.1:1") == (
            "",
            0,
        )


def test_a_server_that_is_not_there() -> None:
    assert shown(signal_urls=("http://user:s3cr3t@127.0.0.1:1",)) == (
        "✗ Signal's server 127.0.0.1:1: the server does not take the connection.\n"
        + CORRECT_ADDRESS
        + LIMITS,
        1,
    )


@pytest.mark.parametrize(
    ("status", "body"), [(404, "404 page not found"), (200, "[]"), (200, "{}")]
)
def test_a_server_that_is_something_else(
    status: int, body: str, server: responses.RequestsMock
) -> None:
    server.replace("GET", f"{SIGNAL}/v1/about", status=status, body=body)
    assert shown() == (
        "✗ Signal's server signal.test:8080: this is no signal-cli-rest-api (it answers"
        f" {status}).\n" + CORRECT_ADDRESS + LIMITS,
        1,
    )


def test_a_server_whose_signal_cli_is_down(server: responses.RequestsMock) -> None:
    server.replace("GET", f"{SIGNAL}/v1/accounts", status=500, body="")
    server.replace("GET", f"{SIGNAL}/v1/about", json={"versions": [], "version": 5})
    assert shown() == (
        "✓ Signal's server signal.test:8080: signal-cli-rest-api of unknown version, mode unknown.\n"
        "✗ Sender: signal-cli behind it does not answer (500).\n"
        "    See the log of Signal's server.\n" + LIMITS,
        1,
    )


def test_a_sender_that_is_not_registered(server: responses.RequestsMock) -> None:
    server.replace("GET", f"{SIGNAL}/v1/accounts", json=["+4915100000009"])
    assert shown() == (
        SERVER.replace(
            "✓ Sender +49…001: registered there.",
            "✗ Sender +49…001: not registered there.\n"
            "    If Signal was out of reach when this server started, restart it."
            " If the number was never\n"
            "    linked, run 'flask --app wsgi link', or correct SIGNAL_NUMBER.",
        )
        + LIMITS,
        1,
    )


def test_no_sender_at_all(server: responses.RequestsMock) -> None:
    assert shown("--send", TO, signal_number=None) == (
        NO_SENDER
        + "✓ Signal's server signal.test:8080: signal-cli-rest-api 0.98, mode json-rpc.\n"
        "✓ Limits: counted in memory.\n"
        "✗ Test message to +49…678: not sent (no_sender).\n"
        "    Set SIGNAL_NUMBER to the number that sends, with its country code.\n",
        1,
    )


def test_no_sender_is_told_offline_too() -> None:
    assert shown("--offline", signal_number=None) == (NO_SENDER, 1)
    assert shown("--offline", signal_number=None, signal_urls=()) == ("", 0)


def test_the_number_of_a_client_is_a_sender(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("clients: {authentik: {number: '+4915100000002'}}\n")
    result = check("--offline", templates_file=path, signal_number=None)
    assert result.output == (
        f"✓ The configuration is in order. {path}: no templates.\n"
    )
    assert result.exit_code == 0


def test_alerts_without_recipients_are_a_warning() -> None:
    app = create_app(settings(), {})
    result = app.test_cli_runner().invoke(args=["check", "--offline"])
    assert (result.output, result.exit_code) == (OFFLINE + NO_RECIPIENTS, 0)


def test_the_number_of_a_client_is_looked_up_too(
    server: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("clients: {authentik: {number: '+4915100000002'}}\n")
    result = check(templates_file=path)
    assert result.output.splitlines()[2:4] == [
        "✓ Sender +49…001: registered there.",
        "✗ Sender +49…002: not registered there.",
    ]


@pytest.mark.parametrize(
    ("accounts", "line"),
    [
        ({"result": [{"number": NUMBER}]}, "✓ Sender +49…001: registered there."),
        (
            {"error": {"code": -32601}},
            "– Sender +49…001: a daemon of one account does not say which it is.",
        ),
    ],
)
def test_a_daemon_is_asked_in_its_own_way(
    accounts: dict[str, object], line: str
) -> None:
    with responses.RequestsMock() as server:
        server.post(DAEMON, json={"jsonrpc": "2.0", "result": {"version": "0.14.6"}})
        server.post(DAEMON, json=accounts)
        assert shown(signal_urls=(DAEMON,)) == (
            "✓ Signal's server daemon.test:8081: signal-cli 0.14.6, mode daemon.\n"
            f"{line}\n" + LIMITS,
            0,
        )


def test_a_daemon_that_is_something_else() -> None:
    with responses.RequestsMock() as server:
        server.post(DAEMON, status=404, body="404 page not found")
        assert shown(signal_urls=(DAEMON,)) == (
            "✗ Signal's server daemon.test:8081: this is no signal-cli daemon (it answers 404).\n"
            + CORRECT_ADDRESS
            + LIMITS,
            1,
        )


def test_redis_is_down(server: responses.RequestsMock) -> None:
    assert shown(rate_limit_storage_uri="redis://:s3cr3t@127.0.0.1:1") == (
        SERVER + "✗ Limits: 127.0.0.1:1 does not answer, so nothing is limited.\n"
        "    Start it, or correct address and password in RATE_LIMIT_STORAGE_URI.\n",
        1,
    )


@pytest.mark.system
def test_redis_is_up(server: responses.RequestsMock, tmp_path: Path) -> None:
    with redis_server.running(tmp_path) as redis:
        name = redis.uri.removeprefix("redis://")
        expected = SERVER + f"✓ Limits: counted in {name}.\n"
        assert shown(rate_limit_storage_uri=redis.uri) == (expected, 0)


def test_a_message_of_which_nothing_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(
        "templates:\n"
        "  empty: {message: '${NOTHING:-}', locales: {de: Hallo}}\n"
        "  own: {message: '{user.email} {count:d} {colour}', defaults: {colour: red}}\n"
    )
    result = check("--offline", templates_file=path)
    assert result.output == (
        f"✓ The configuration is in order. {path}: empty, own.\n"
        "✗ Template empty: nothing is to be seen of it.\n"
        "    Write a text there, or set its variables.\n"
        "✓ Template own, with samples:\n"
        "    ‹user.email› ‹count› red\n"
    )
    assert result.exit_code == 1


def test_a_field_that_authentik_does_not_send_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("templates: {sms: {message: '{token} {tokken}'}}\n")
    result = check("--offline", templates_file=path)
    assert result.output == (
        f"✓ The configuration is in order. {path}: sms.\n"
        "! Template sms: authentik does not send 'tokken'.\n"
        "    Correct its spelling, or let a mapping add it to the request.\n"
    )
    assert result.exit_code == 0


def test_no_templates_are_in_order_too(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("{}\n")
    result = check("--offline", templates_file=path)
    assert result.output == (
        f"✓ The configuration is in order. {path}: no templates.\n"
    )


def test_a_test_message_is_sent(server: responses.RequestsMock) -> None:
    assert shown("--send", TO) == (
        SERVER + LIMITS + "✓ Test message to +49…678: accepted by Signal.\n",
        0,
    )
    body = server.calls[-1].request.body
    assert isinstance(body, bytes)
    assert b"This is a test message of the gateway. It arrived, so all is well." in body


def test_a_test_message_of_a_preview_is_shown() -> None:
    output, status = shown("--send", TO, signal_urls=(), signal_number=None)
    assert output.endswith(
        "┌ Signal message to +4915112345678 from the default number (preview, not sent)\n"
        "│ This is a test message of the gateway. It arrived, so all is well.\n"
        "└\n"
        "✓ Test message to +49…678: shown above.\n"
    )
    assert status == 0


def test_a_test_message_to_somebody_not_on_signal(
    server: responses.RequestsMock,
) -> None:
    error = {"error": 'Unregistered user "+4915112345678"'}
    server.replace("POST", f"{SIGNAL}/v2/send", status=400, json=error)
    output, status = shown("--send", TO, signal_number=NUMBER)
    assert output == SERVER + LIMITS + (
        "✗ Test message to +49…678: not sent (not_on_signal).\n"
        "    The recipient is not on Signal.\n"
    )
    assert status == 1


def test_a_test_message_of_which_nobody_knows(server: responses.RequestsMock) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", status=503, body="")
    output, status = shown("--send", TO)
    assert output == SERVER + LIMITS + (
        "✗ Test message to +49…678: nobody knows whether it was sent (signal_timeout).\n"
        "    The server answers 503, which says nothing about the message.\n"
    )
    assert status == 1


def test_a_wrong_number_is_told_before_anything_is_checked() -> None:
    result = check("--send", "12")
    assert result.output == (
        "Error: --send needs a number with its country code, like +4915112345678;"
        " nothing was checked.\n"
    )
    assert result.exit_code == 1


def test_nothing_is_sent_offline() -> None:
    result = check("--offline", "--send", TO)
    assert result.stderr.splitlines()[-1] == (
        "Error: --send asks Signal's server: leave --offline out."
    )
    assert result.exit_code == 2


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_are_for_a_terminal_that_wants_them(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = create_app(settings(), {})
    result = app.test_cli_runner().invoke(args=["check", "--offline"], color=True)
    styled = not no_color
    assert result.output.startswith("\x1b[32m✓\x1b[0m The" if styled else "✓ The")
    assert ("\x1b[1mYour verification code\x1b[22m" in result.output) is styled


def test_no_secret_and_no_number_is_shown(server: responses.RequestsMock) -> None:
    urls = (SIGNAL, "http://user:s3cr3t@127.0.0.1:1")
    uri = "redis://:s3cr3t@127.0.0.1:1"
    result = check("--send", TO, signal_urls=urls, rate_limit_storage_uri=uri)
    for secret in (TOKEN, "s3cr3t", "user", NUMBER, "+4915112345678"):
        assert secret not in result.output


def test_what_a_terminal_cannot_write_becomes_a_question_mark(tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text("templates: {sms: {message: 'Für {token}'}}\n")
    result = check("--offline", charset="ascii", templates_file=path)
    assert result.output == (
        f"? The configuration is in order. {path}: sms.\n"
        "? Template sms, with samples:\n"
        "    F?r 123456\n"
    )
