"""``flask --app wsgi link``, on a terminal, with a stand-in of both of Signal's servers."""

import os
import pty
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import responses
import segno

from app.link import link
from tests import gateway, signal_cli, standin
from tests.conftest import SIGNAL
from tests.gateway import BIN, ROOT
from tests.standin import LINK, LINKED, Behaviour, StandIn

FLASK = [str(BIN / "flask"), "--app", "wsgi"]
RPC = "/api/v1/rpc"
COLOURS, RESET = "\x1b[38;5;231m\x1b[48;5;16m", "\x1b[0m"
# What each character shows in its upper and its lower half: 1 is black.
HALVES = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
DOES_NOT_START = (
    "The gateway cannot start: 1 problem in its configuration.\n"
    "- API_TOKENS is not set, so nobody could be let in. Make a token with"
    " 'openssl rand -hex 32' and set API_TOKENS=authentik:<the token>.\n"
)
NO_TERMINAL = "The QR code is as good as a password. Run this in a terminal with UTF-8."
AWAY = "Check that it is running and that SIGNAL_API_URL is right, and run this again."
NO_WAY = "Your Signal server cannot reach Signal: see its log, and run this again."
ONE_ACCOUNT = "Your daemon serves one account. Start it without -a, and run this again."
KNOWN = (
    "Your Signal server has this account already. If it cannot send, see 'Link again'"
    " in docs/operations.md."
)
LATE = "Nobody scanned it in time. Run this again unless your phone lists a new device."
NOT_FOUND = Behaviour(404, "404 page not found")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standin.running() as server:
        monkeypatch.setenv("SIGNAL_API_URL", server.url)
        yield server


def error(code: int, message: str) -> Behaviour:
    body = f'{{"jsonrpc":"2.0","error":{{"code":{code},"message":"{message}","data":null}},"id":1}}'
    return Behaviour(200, body)


def shown(leader: int) -> str:
    """All that a terminal shows until nobody has it open any more."""
    text = b""
    with closing(os.fdopen(leader, "rb", buffering=0)) as screen:
        while True:
            try:
                text += screen.read(4096)
            except OSError:  # how Linux tells the end
                return text.decode().replace("\r\n", "\n")


def run(*arguments: str, encoding: str = "utf-8") -> tuple[int, str]:
    """The exit status of ``link``, and what it shows on a terminal."""
    leader, follower = pty.openpty()
    with ThreadPoolExecutor() as pool:
        screen = pool.submit(shown, leader)
        with open(follower, "w", encoding=encoding) as terminal:
            with redirect_stdout(terminal), redirect_stderr(terminal):
                with pytest.raises(SystemExit) as ended:
                    link.main(list(arguments))
        assert isinstance(ended.value.code, int)
        return ended.value.code, screen.result()


def failed(is_shown: bool = False, encoding: str = "utf-8") -> str:
    """The sentence of a failure, before or after the code was shown."""
    status, text = run(encoding=encoding)
    assert (status, COLOURS in text, LINK in text) == (1, is_shown, False)
    return text.partition("Error: ")[2].removesuffix("\n")


def process(*command: str, **variables: str) -> tuple[int, str]:
    """The same of a process that an operator starts."""
    leader, follower = pty.openpty()
    given = gateway.environment(LANG="C.UTF-8", **variables)
    with subprocess.Popen(
        [*FLASK, *command], cwd=ROOT, env=given,
        stdin=follower, stdout=follower, stderr=follower,
    ) as started:  # fmt: skip
        os.close(follower)
        text = shown(leader)
    return started.returncode, text


@pytest.mark.parametrize(
    ("path", "more", "device"),
    [
        ("/v2/send", (), "gateway"),
        ("", ("--name", "a b&c"), "a%20b%26c"),
        (RPC, ("--name", "a b&c"), "a b&c"),
    ],
)
def test_an_account_is_linked_with_the_address_alone(
    path: str, more: tuple[str, ...], device: str, server: StandIn
) -> None:
    url = server.url + path
    status, text = process("link", *more, SIGNAL_API_URL=url, LOG_LEVEL="DEBUG")
    assert (status, server.books.devices) == (0, [device])
    assert "Scan this in Signal on your phone, under Settings > Linked devices:" in text
    assert text.endswith(
        "\nLinked to +4915100000002. Put this line into the gateway's settings:\n"
        "SIGNAL_NUMBER=+4915100000002\n"
    )
    assert "uuid" not in text


def test_code_and_time_left_fit_the_smallest_terminal(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL_API_URL", server.url + RPC)
    number = '{"jsonrpc":"2.0","result":{"number":"+4915100000002"},"id":1}'
    server.answers["finishLink"] = Behaviour(200, number, delay=1.3)
    _, text = run()
    lines = text[text.index(COLOURS) :].split("\n")
    code = [line.removeprefix(COLOURS).removesuffix(RESET) for line in lines[:23]]
    modules = [
        [HALVES[sign][half] for sign in line] for line in code for half in (0, 1)
    ]
    expected = segno.make_qr(LINK, error="L").matrix_iter(border=2)
    assert modules == [*map(list, expected), [1] * 45]
    scan = "Scan this in Signal on your phone, under Settings > Linked devices:"
    assert lines[23] == f"{scan}\r{scan} 119 s left"
    assert len(f"{scan} 119 s left") <= 80


@pytest.mark.parametrize(
    "urls", ["", "signal:8080", "http://signal:8080,http://other:8080"]
)
def test_it_takes_one_server(urls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL_API_URL", urls)
    monkeypatch.setenv("PORT", "8000")
    assert failed() == (
        "Set SIGNAL_API_URL to one Signal server's address, like http://signal:8080."
    )


def test_no_code_is_made_where_no_terminal_is(server: StandIn) -> None:
    given = gateway.environment(SIGNAL_API_URL=server.url)
    ended = subprocess.run(
        [*FLASK, "link"], cwd=ROOT, env=given, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"Error: {NO_TERMINAL}\n"
    assert failed(encoding="latin-1") == NO_TERMINAL  # it cannot show the code
    assert server.books.devices == []


@pytest.mark.parametrize(
    ("path", "answers", "reason"),
    [
        ("/nowhere", {}, "this is no signal-cli-rest-api (it answers 404)"),
        (RPC, {"version": NOT_FOUND}, "this is no signal-cli daemon (it answers 404)"),
        (
            RPC,
            {"version": Behaviour(manner="reset")},
            "the connection broke before the answer came",
        ),
    ],
)
def test_a_server_that_is_away_or_another_is_told(
    path: str,
    answers: dict[str, Behaviour],
    reason: str,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.answers.update(answers)
    address = f"user:password@127.0.0.1:{server.port}{path}"
    monkeypatch.setenv("SIGNAL_API_URL", f"http://{address}")
    assert failed() == f"127.0.0.1:{server.port}: {reason}. {AWAY}"


def test_an_old_server_is_told_with_its_version_and_the_page_to_open(
    server: StandIn,
) -> None:
    about = '{"versions":["v1","v2"],"mode":"normal","version":"0.96"}'
    server.answers["/v1/about"] = Behaviour(200, about)
    server.answers["/v1/qrcodelink/raw"] = NOT_FOUND
    host = f"127.0.0.1:{server.port}"
    assert run() == (
        1,
        f"{host}: signal-cli-rest-api 0.96, mode normal. Asking for a QR code …\n"
        "Error: Your Signal server gives no link. Update it to 0.97, go around a proxy"
        f" before it, or open http://{host}/v1/qrcodelink?device_name=gateway and scan that.\n",
    )


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        ("/v1/qrcodelink/raw", Behaviour(200, '{"device_link_uri":""}'), NO_WAY),
        ("/v1/qrcodelink/raw", Behaviour(400, '{"error":"Couldn\'t start"}'), NO_WAY),
        ("/v1/qrcodelink/raw", Behaviour(200, '{"device_link_uri":7}'), NO_WAY),
        ("/v1/qrcodelink/raw", Behaviour(502, "Bad gateway"), NO_WAY),
        ("startLink", error(-3, "Link request error: Connection closed!"), NO_WAY),
        ("startLink", error(-32601, "Method not implemented"), ONE_ACCOUNT),
        ("startLink", Behaviour(200, '{"result":[]}'), NO_WAY),
        ("finishLink", error(-1, "Link request timed out, please try again."), LATE),
        ("finishLink", error(-1, "The user +4915100000002 already exists"), KNOWN),
        ("finishLink", error(-1, "Unknown device link uri."), NO_WAY),
    ],
)
def test_a_server_that_does_not_link_is_told(
    question: str,
    answer: Behaviour,
    sentence: str,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.answers[question] = answer
    path = "" if question.startswith("/") else RPC
    monkeypatch.setenv("SIGNAL_API_URL", server.url + path)
    assert failed(is_shown=question == "finishLink") == sentence


def test_nobody_scans_the_code_in_time(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.link.LINK_SECONDS", 2)
    server.accounts.append(LINKED)
    assert failed(is_shown=True) == LATE


def test_a_server_that_does_not_list_its_accounts_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNAL_API_URL", SIGNAL)
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/about", json={"versions": ["v2"]})
        server.get(f"{SIGNAL}/v1/accounts", json=[])
        server.get(f"{SIGNAL}/v1/qrcodelink/raw", json={"device_link_uri": LINK})
        server.get(f"{SIGNAL}/v1/accounts", status=400, json={"error": "busy"})
        server.get(f"{SIGNAL}/v1/accounts", json=[LINKED])
        assert run()[1].endswith("SIGNAL_NUMBER=+4915100000002\n")


def test_the_other_commands_tell_what_is_wrong_but_a_token_is_made() -> None:
    given = {"SIGNAL_API_URL": "http://signal:8080"}
    for command in ("check", "render", "run"):
        assert process(command, **given) == (1, DOES_NOT_START)
    status, text = process("token", "authentik", **given)
    assert status == 0 and "add authentik:<the token> to API_TOKENS" in text


def test_gunicorn_does_not_start_without_tokens(tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").touch()
    given = gateway.environment(SIGNAL_API_URL="http://signal:8080", PORT="8000")
    options = ["--config", str(tmp_path / "gunicorn.conf.py"), "--preload"]
    ended = subprocess.run(
        [str(BIN / "gunicorn"), *options, "wsgi:app"],
        cwd=ROOT, env=given, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.endswith(DOES_NOT_START)


@pytest.mark.daemon
def test_the_real_daemon_without_a_way_to_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with signal_cli.daemon(tmp_path) as url:
        monkeypatch.setenv("SIGNAL_API_URL", url)
        assert failed() == NO_WAY
