"""What ``flask --app wsgi check`` shows."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import responses

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
SET_NUMBER = "    Set SIGNAL_NUMBER to the number that sends, with its country code.\n"
NO_SENDER = "✗ Sender: none.\n" + SET_NUMBER
LIMITS = "✓ Limits: counted in memory.\n"
PREVIEW = """\
– Signal's server: none, so messages are shown here and not sent.
    To send them, set SIGNAL_API_URL, like http://signal:8080.
"""
CORRECT_ADDRESS = """\
    Start it, or correct SIGNAL_API_URL: the address of signal-cli-rest-api, like http://signal:8080,
    or of a signal-cli daemon with /api/v1/rpc at its end.
"""
IN_ORDER = "✓ The configuration is in order. templates.yaml: "
OF_A_CLIENT = "clients: {authentik: {number: '+4915100000002'}}"


def check(*options: str, **changes: Any) -> tuple[str, int]:
    """The screen and the exit status, without who is asked and what to do next."""
    screen, status = whole(*options, **changes)
    lines = screen.splitlines(keepends=True)
    assert lines.pop().startswith("Next: ")
    return "".join(line for line in lines if "Asking" not in line), status


def whole(
    *options: str,
    templates: str = "",
    environ: dict[str, str] = {"ADMIN_RECIPIENTS": ADMIN},
    charset: str = "utf-8",
    color: bool = False,
    **changes: Any,
) -> tuple[str, int]:
    """The screen and the exit status."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "templates.yaml")
        if templates:
            path.write_text(templates)
            changes["templates_file"] = path
        app = create_app(settings(**changes), environ)
        runner = app.test_cli_runner(charset=charset)
        result = runner.invoke(args=["check", *options], color=color)
        return result.output.replace(str(path), "templates.yaml"), result.exit_code


def shown(*options: str, **changes: Any) -> tuple[str, int]:
    """The same without the part that is always there."""
    output, status = check(*options, **changes)
    assert output.startswith(OFFLINE), output
    return output.removeprefix(OFFLINE), status


@pytest.fixture
def server(signal: responses.RequestsMock) -> Iterator[responses.RequestsMock]:
    """Signal's server, with all in order."""
    about = {"versions": ["v1", "v2"], "mode": "json-rpc", "version": "0.98"}
    signal.get(f"{SIGNAL}/v1/about", json=about)
    signal.get(f"{SIGNAL}/v1/accounts", json=[NUMBER])
    yield signal


def test_all_is_well(server: responses.RequestsMock) -> None:
    assert whole() == (
        f"{OFFLINE}– Asking Signal's server signal.test:8080 …\n{SERVER}{LIMITS}"
        "Next: Send yourself a message: flask --app wsgi check --send +4915112345678\n",
        0,
    )


@pytest.mark.parametrize(
    ("options", "changes", "step"),
    [
        (
            [],
            {"signal_number": None, "environ": {}, "signal_urls": (SIGNAL,)},
            "Set SIGNAL_NUMBER to the number that sends, with its country code.",
        ),
        (
            [],
            {"signal_urls": (), "environ": {}},
            "To send them, set SIGNAL_API_URL, like http://signal:8080.",
        ),
        (
            [],
            {"environ": {}},
            "Set ADMIN_RECIPIENTS, or write 'recipients' there:"
            " an alert that names nobody is refused.",
        ),
        (["--send", TO], {}, "Set up authentik: see docs/authentik.md."),
    ],
)
def test_the_last_line_says_what_to_do_next(
    options: list[str],
    changes: dict[str, Any],
    step: str,
    server: responses.RequestsMock,
) -> None:
    server.assert_all_requests_are_fired = False
    server.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
    screen, _ = whole(*options, **changes)
    assert screen.splitlines()[-1] == f"Next: {step}"


def test_nothing_is_configured() -> None:
    result = create_app(environ={}).test_cli_runner().invoke(args=["check"])
    next_step = "Next: To send them, set SIGNAL_API_URL, like http://signal:8080.\n"
    assert result.output == OFFLINE + NO_RECIPIENTS + PREVIEW + LIMITS + next_step
    assert result.exit_code == 0


def test_a_preview_with_number_and_tokens_lacks_only_the_server() -> None:
    assert shown(signal_urls=()) == (PREVIEW + LIMITS, 0)


def test_offline_asks_nobody() -> None:
    with responses.RequestsMock():
        uri = "redis://127.0.0.1:1"
        assert shown("--offline", rate_limit_storage_uri=uri) == ("", 0)


def test_a_server_that_is_not_there() -> None:
    assert shown(signal_urls=("http://user:s3cr3t@127.0.0.1:1",)) == (
        "✗ Signal's server 127.0.0.1:1: the server does not take the connection.\n"
        + CORRECT_ADDRESS
        + LIMITS,
        1,
    )


@pytest.mark.parametrize(
    ("url", "status", "body", "name", "kind"),
    [
        (SIGNAL, 404, "404 page not found", "signal.test:8080", "signal-cli-rest-api"),
        (SIGNAL, 200, "[]", "signal.test:8080", "signal-cli-rest-api"),
        (SIGNAL, 200, "{}", "signal.test:8080", "signal-cli-rest-api"),
        (DAEMON, 404, "404 page not found", "daemon.test:8081", "signal-cli daemon"),
    ],
)
def test_a_server_that_is_something_else(
    url: str, status: int, body: str, name: str, kind: str
) -> None:
    with responses.RequestsMock() as server:
        method, asked = ("POST", url) if url == DAEMON else ("GET", f"{url}/v1/about")
        server.add(method, asked, status=status, body=body)
        told = f"✗ Signal's server {name}: this is no {kind} (it answers {status}).\n"
        assert shown(signal_urls=(url,)) == (told + CORRECT_ADDRESS + LIMITS, 1)


def test_a_server_whose_signal_cli_is_down(server: responses.RequestsMock) -> None:
    server.replace("GET", f"{SIGNAL}/v1/accounts", status=500, body="")
    server.replace("GET", f"{SIGNAL}/v1/about", json={"versions": [], "version": 5})
    assert shown() == (
        "✓ Signal's server signal.test:8080: signal-cli-rest-api unknown, mode unknown.\n"
        "✗ Sender: signal-cli behind it does not answer (500).\n"
        "    See the log of Signal's server.\n" + LIMITS,
        1,
    )


def test_a_sender_that_is_not_registered(server: responses.RequestsMock) -> None:
    server.replace("GET", f"{SIGNAL}/v1/accounts", json=["+4915100000009"])
    about, _ = SERVER.splitlines(keepends=True)
    assert shown() == (
        f"{about}✗ Sender +49…001: not registered there.\n"
        "    If Signal was out of reach when this server started, restart it."
        " If the number was never\n"
        "    linked, run 'flask --app wsgi link', or correct SIGNAL_NUMBER.\n" + LIMITS,
        1,
    )


def test_no_sender_at_all(server: responses.RequestsMock) -> None:
    about, _ = SERVER.splitlines(keepends=True)
    assert shown("--send", TO, signal_number=None) == (
        NO_SENDER
        + about
        + LIMITS
        + "✗ Test message to +49…678: not sent (no_sender).\n"
        "    Set SIGNAL_NUMBER to the number that sends, with its country code.\n",
        1,
    )
    assert shown("--offline", signal_number=None) == (NO_SENDER, 1)
    assert shown("--offline", signal_number=None, signal_urls=()) == ("", 0)


def test_the_number_of_a_client_is_a_sender(server: responses.RequestsMock) -> None:
    offline = check("--offline", templates=OF_A_CLIENT, signal_number=None)
    assert offline == (f"{IN_ORDER}no templates.\n", 0)
    assert check(templates=OF_A_CLIENT)[0].splitlines()[2:4] == [
        "✓ Sender +49…001: registered there.",
        "✗ Sender +49…002: not registered there.",
    ]


def test_alerts_without_recipients_are_a_warning() -> None:
    assert shown("--offline", environ={}) == (NO_RECIPIENTS, 0)


@pytest.mark.parametrize(
    ("accounts", "line"),
    [
        ({"result": [{"number": NUMBER}]}, "✓ Sender +49…001: registered there."),
        ({"result": []}, "✗ Sender +49…001: not registered there."),
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
        output, _ = shown(signal_urls=(DAEMON,))
    assert output.startswith(
        "✓ Signal's server daemon.test:8081: signal-cli 0.14.6, mode daemon.\n"
        f"{line}\n"
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


@pytest.mark.parametrize(
    ("templates", "screen", "status"),
    [
        ("{}", "no templates.\n", 0),
        (
            "templates: {empty: {message: '${NOTHING:-}', locales: {de: Hallo}}}",
            "empty.\n"
            "✗ Template empty: nothing is to be seen of it.\n"
            "    Write a text there, or set its variables.\n",
            1,
        ),
        (
            "templates: {own: {message: '{user.email} {count:d} {colour}',"
            " defaults: {colour: red}}}",
            "own.\n" "✓ Template own, with samples:\n" "    ‹user.email› ‹count› red\n",
            0,
        ),
        (
            "templates: {sms: {message: '{token} {tokken}'}}",
            "sms.\n"
            "! Template sms: authentik does not send 'tokken'.\n"
            "    Correct its spelling, or let a mapping add it to the request.\n",
            0,
        ),
    ],
)
def test_templates_of_ones_own_are_shown_and_judged(
    templates: str, screen: str, status: int
) -> None:
    assert check("--offline", templates=templates) == (IN_ORDER + screen, status)


def test_a_test_message_is_sent(server: responses.RequestsMock) -> None:
    assert shown("--send", TO) == (
        SERVER + LIMITS + "✓ Test message to +49…678: accepted by Signal.\n",
        0,
    )
    body = server.calls[-1].request.body
    assert isinstance(body, bytes)
    assert b"This is a test message of the gateway. It arrived, so all is well." in body


def test_a_test_message_of_a_preview_is_shown() -> None:
    assert shown("--send", TO, signal_urls=(), signal_number=None) == (
        PREVIEW + LIMITS + "┌ Signal message to +4915112345678 from the default number"
        " (preview, not sent)\n"
        "│ This is a test message of the gateway. It arrived, so all is well.\n"
        "└\n"
        "✓ Test message to +49…678: shown above.\n",
        0,
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {"status": 400, "json": {"error": 'Unregistered user "+4915112345678"'}},
            "not sent (not_on_signal).\n    The recipient is not on Signal.\n",
        ),
        (
            {"status": 503},
            "nobody knows whether it was sent (signal_timeout).\n"
            "    The server answers 503, which says nothing about the message.\n",
        ),
    ],
)
def test_what_became_of_a_test_message_is_told(
    answer: dict[str, Any], told: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **answer)
    screen = f"{SERVER}{LIMITS}✗ Test message to +49…678: {told}"
    assert shown("--send", TO) == (screen, 1)


def test_a_wrong_number_is_told_before_anything_is_checked() -> None:
    assert whole("--send", "12") == (
        "Error: --send needs a number with its country code, like +4915112345678;"
        " nothing was checked.\n",
        1,
    )


def test_nothing_is_sent_offline() -> None:
    output, status = whole("--offline", "--send", TO)
    told = "Error: --send asks Signal's server: leave --offline out.\n"
    assert output.endswith(told) and status == 2


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_are_for_a_terminal_that_wants_them(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    output, _ = check("--offline", color=True)
    if no_color:
        assert "\x1b" not in output
    else:
        assert output.startswith("\x1b[32m✓\x1b[0m The")
        assert "\x1b[1mYour verification code\x1b[22m" in output


def test_no_secret_and_no_number_is_shown(server: responses.RequestsMock) -> None:
    urls = (SIGNAL, "http://user:s3cr3t@127.0.0.1:1")
    uri = "redis://:s3cr3t@127.0.0.1:1"
    output, _ = shown("--send", TO, signal_urls=urls, rate_limit_storage_uri=uri)
    for secret in (TOKEN, "s3cr3t", "user", NUMBER, "+4915112345678"):
        assert secret not in output


def test_what_a_terminal_cannot_write_becomes_a_question_mark() -> None:
    templates = "templates: {sms: {message: 'Für {token}'}}"
    assert check("--offline", templates=templates, charset="ascii") == (
        "? The configuration is in order. templates.yaml: sms.\n"
        "? Template sms, with samples:\n"
        "    F?r 123456\n",
        0,
    )
