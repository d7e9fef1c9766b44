"""What ``flask --app wsgi check`` shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from app import create_app
from tests import redis_server
from tests.conftest import ADMIN, NUMBER, SIGNAL, settings

DAEMON = "http://admin:s3cr3t@daemon.test:8081/api/v1/rpc"
VERSION = {"json": {"jsonrpc": "2.0", "result": {"version": "0.14.6"}}}
TO = ["--send", "+49 151 12345678"]
SEND = "Send yourself a message: flask --app wsgi check --send +4915112345678"
SET_UP = "Set up authentik: see docs/authentik.md."
SET_SERVER = "To send them, set SIGNAL_API_URL, like http://signal:8080."
SET_NUMBER = "Set SIGNAL_NUMBER, like +4915100000001."
SET_ADMINS = "Set ADMIN_RECIPIENTS, or alerts that name nobody are refused."
AWAY = (
    "Start it, see its log, or correct SIGNAL_API_URL: a daemon's ends in /api/v1/rpc."
)
ABSENT = (
    "If Signal was out of reach when this server started, restart it. If the number was never"
    " linked, run 'flask --app wsgi link', or correct SIGNAL_NUMBER."
)
START_REDIS = "Start it, or correct address and password in RATE_LIMIT_STORAGE_URI."
WRITE = "Write a text there, or set its variables."
SPELL = "Correct its spelling, or let a mapping add it to the request."
IN_ORDER = "✓ The configuration and templates.yaml are in order.\n"
OFFLINE = f"""\
{IN_ORDER}\
✓ Template sms, with samples:
    Your verification code

    123456

    It expires in 5 minutes. If you did not ask for it, ignore this message.
✓ Template notification, with samples:
    authentik: notice

    Somebody signed in.
"""
NO_RECIPIENTS = f"! Template notification: no recipients.\n    {SET_ADMINS}\n"
NO_SENDER = f"✗ Sender: none.\n    {SET_NUMBER}\n"
PREVIEW = f"""\
– Signal's server: none, so messages are shown here and not sent.
    {SET_SERVER}
"""
ABOUT = """\
– Asking Signal's server signal.test:8080 …
✓ Signal's server signal.test:8080: signal-cli-rest-api 0.98, mode json-rpc.
"""
DAEMON_ABOUT = "✓ Signal's server daemon.test:8081: signal-cli 0.14.6, mode daemon.\n"
REGISTERED = "✓ Sender +49…001: registered there.\n"
ONE_ACCOUNT = "– Sender +49…001: a daemon of one account does not say which it is.\n"
LIMITS = "✓ Limits: counted in memory.\n"
NOTHING_IS_THERE = f"""\
– Asking Signal's server 127.0.0.1:1 …
✗ Signal's server 127.0.0.1:1: the server does not take the connection.
    {AWAY}
✗ Limits: 127.0.0.1:1 does not answer, so nothing is limited.
    {START_REDIS}
"""
SHOWN = """\
┌ Signal message to +4915112345678 from the default number (preview, not sent)
│ This is a test message of the gateway. It arrived, so all is well.
└
✓ Test message to +49…678: shown above.
"""
NO_ADMINS: dict[str, Any] = {"environ": {}}
NO_NUMBER: dict[str, Any] = {"signal_number": None}
NO_SERVER: dict[str, Any] = {"signal_api_url": (), "signal_number": None}
ALL_DOWN: dict[str, Any] = {
    "signal_api_url": ("http://user:s3cr3t@127.0.0.1:1",),
    "rate_limit_storage_uri": "redis://:s3cr3t@127.0.0.1:1",
}


def check(
    *options: str,
    environ: dict[str, str] = {"ADMIN_RECIPIENTS": ADMIN},
    charset: str = "utf-8",
    color: bool = False,
    **changes: Any,
) -> tuple[str, int]:
    """The screen and the exit status."""
    runner = create_app(settings(**changes), environ).test_cli_runner(charset=charset)
    result = runner.invoke(args=["check", *options], color=color)
    return result.output, result.exit_code


@pytest.fixture
def server(signal: responses.RequestsMock) -> Iterator[responses.RequestsMock]:
    """Signal's server, with all in order."""
    about = {"versions": ["v1", "v2"], "mode": "json-rpc", "version": "0.98"}
    signal.get(f"{SIGNAL}/v1/about", json=about)
    signal.get(f"{SIGNAL}/v1/accounts", json=[NUMBER])
    yield signal


@pytest.mark.parametrize(
    ("options", "changes", "found", "step", "status"),
    [
        ([], {}, ABOUT + REGISTERED + LIMITS, SEND, 0),
        ([], NO_ADMINS, NO_RECIPIENTS + ABOUT + REGISTERED + LIMITS, SET_ADMINS, 0),
        (TO, NO_NUMBER, NO_SENDER + ABOUT + LIMITS, SET_NUMBER, 1),
        ([], NO_SERVER | NO_ADMINS, NO_RECIPIENTS + PREVIEW + LIMITS, SET_SERVER, 0),
        (TO, NO_SERVER, PREVIEW + LIMITS + SHOWN, SET_SERVER, 0),
        ([], ALL_DOWN, NOTHING_IS_THERE, AWAY, 1),
        (["--offline"], ALL_DOWN, "", SEND, 0),
        (["--offline"], NO_NUMBER, NO_SENDER, SET_NUMBER, 1),
    ],
)
def test_what_was_found_is_shown_and_what_to_do_next(
    options: list[str],
    changes: dict[str, Any],
    found: str,
    step: str,
    status: int,
    server: responses.RequestsMock,
) -> None:
    server.add_passthru("http://user:s3cr3t@127.0.0.1:1")
    screen = f"{OFFLINE}{found}Next: {step}\n"
    assert check(*options, **changes) == (screen, status)
    assert bool(server.calls) == (ABOUT in found)


@pytest.mark.parametrize(
    ("url", "answers", "found", "step"),
    [
        (
            SIGNAL,
            [{"status": 404}],
            "✗ Signal's server signal.test:8080: this is no signal-cli-rest-api (it answers 404).\n",
            AWAY,
        ),
        (
            SIGNAL,
            [{"json": {"versions": [], "version": 5}}, {"status": 500}],
            "✓ Signal's server signal.test:8080: signal-cli-rest-api unknown, mode unknown.\n"
            "✗ Signal's server signal.test:8080: signal-cli behind it does not answer (500).\n",
            AWAY,
        ),
        (
            DAEMON,
            [VERSION, {"json": {"result": []}}],
            f"{DAEMON_ABOUT}✗ Sender +49…001: not registered there.\n",
            ABSENT,
        ),
        (
            DAEMON,
            [VERSION, {"json": {"result": [{"number": NUMBER}]}}],
            DAEMON_ABOUT + REGISTERED,
            "",
        ),
        (
            DAEMON,
            [VERSION, {"json": {"error": {"code": -32601}}}],
            DAEMON_ABOUT + ONE_ACCOUNT,
            "",
        ),
    ],
)
def test_signals_server_is_asked_about_itself_and_the_sender(
    url: str, answers: list[dict[str, Any]], found: str, step: str
) -> None:
    with responses.RequestsMock() as server:
        for answer, path in zip(answers, ("/v1/about", "/v1/accounts")):
            asked = ("GET", url + path) if url == SIGNAL else ("POST", url)
            server.add(*asked, **answer)
        screen, status = check(signal_api_url=(url,))
    advice = f"    {step}\n" if step else ""
    assert screen.startswith(f"{OFFLINE}– Asking Signal's server ")
    assert screen.endswith(f" …\n{found}{advice}{LIMITS}Next: {step or SEND}\n")
    assert status == bool(step)


def test_each_number_that_may_send_is_looked_for(
    server: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(
        f"clients: {{authentik: {{number: ['+4915100000002', '{NUMBER}']}}}}"
    )
    screen, _ = check(templates_file=path)
    missing = f"✗ Sender +49…002: not registered there.\n    {ABSENT}\n"
    assert f"{ABOUT}{REGISTERED}{missing}{LIMITS}" in screen


@pytest.mark.system
def test_redis_is_up(server: responses.RequestsMock, tmp_path: Path) -> None:
    with redis_server.running(tmp_path) as redis:
        name = redis.uri.removeprefix("redis://")
        screen, _ = check(rate_limit_storage_uri=redis.uri)
        assert f"✓ Limits: counted in {name}.\n" in screen


@pytest.mark.parametrize(
    ("templates", "found", "step"),
    [
        ("{}", "", SEND),
        ("clients: {authentik: {number: '+4915100000002'}}", "", SEND),
        (
            "templates: {own: {message: '${NOTHING:-}', locales: {de: Hallo}}}",
            f"✗ Template own: it is empty.\n    {WRITE}\n",
            WRITE,
        ),
        (
            "templates: {own: {message: '{user.email} {n:d} {x}', defaults: {x: red}}}",
            "✓ Template own, with samples:\n    ‹user.email› ‹n› red\n",
            SEND,
        ),
        (
            "templates: {sms: {message: '{token} {client_ip} {tokken}'}}",
            f"! Template sms: authentik does not send 'tokken'.\n    {SPELL}\n",
            SPELL,
        ),
    ],
)
def test_templates_of_ones_own_are_shown_and_judged(
    templates: str, found: str, step: str, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(templates)
    number = None if "number" in templates else NUMBER  # that of a client will do
    screen, status = check("--offline", templates_file=path, signal_number=number)
    screen = screen.replace(str(path), "templates.yaml")
    assert screen == f"{IN_ORDER}{found}Next: {step}\n"
    assert status == (step == WRITE)


@pytest.mark.parametrize(
    ("answer", "told", "detail"),
    [
        ({"status": 201}, "", ""),
        (
            {"status": 400, "json": {"error": 'Unregistered user "+4915112345678"'}},
            "not_sent (not_on_signal)",
            "the recipient is not on Signal",
        ),
        (
            {"status": 503},
            "unknown (signal_timeout)",
            "the server answers 503, which says nothing about the message",
        ),
    ],
)
def test_what_became_of_a_test_message_is_told(
    answer: dict[str, Any], told: str, detail: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **answer)
    screen, status = check(*TO)
    step = f"See docs/troubleshooting.md: {detail}." if told else SET_UP
    failed = f"✗ Test message to +49…678: {told}.\n    {step}\n"
    sent = "✓ Test message to +49…678: accepted by Signal.\n"
    assert screen.endswith(f"{LIMITS}{failed if told else sent}Next: {step}\n")
    assert status == bool(told)


def test_a_wrong_number_is_told_before_anything_is_checked() -> None:
    screen, status = check("--send", "12")
    assert screen.startswith("Usage: ") and status == 2
    write = "write a number with its country code, like +4915112345678."
    assert f"Error: Invalid value for '--send': {write}" in screen


def test_colours_are_for_a_terminal_that_wants_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, _ = check("--offline", color=True)
    assert screen.startswith("\x1b[32m✓\x1b[0m The")
    assert "\x1b[1mYour verification code\x1b[22m" in screen
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in check("--offline", color=True)[0]


def test_what_a_terminal_cannot_write_becomes_a_question_mark() -> None:
    assert check("--offline", charset="ascii")[0].startswith("? The configuration")
