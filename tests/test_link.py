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
COLOURS, RESET = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
# What each character shows in its upper and its lower half: 1 is black.
HALVES = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
DOES_NOT_START = (
    "The gateway cannot start: 1 problem in its configuration.\n"
    "- API_TOKENS is not set, so nobody could be let in. Make a token with"
    " 'openssl rand -hex 32' and set API_TOKENS=authentik:<the token>.\n"
)
AWAY = (
    " Check that it is running and that SIGNAL_API_URL is right, and run this again.\n"
)
NO_WAY = "Your Signal server cannot reach Signal: see its log. Then run this again.\n"
CLOSED = "Link request error: Connection closed!"
LATE = "Nobody scanned the code in time. Run this again for a new one."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standin.running() as server:
        server.mode = "json-rpc"
        monkeypatch.setenv("SIGNAL_API_URL", server.url)
        yield server


@pytest.fixture
def daemon(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("SIGNAL_API_URL", server.url + RPC)
    return server


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


def failed(*arguments: str, is_shown: bool = False) -> str:
    """The sentence of a failure, before or after the code was shown."""
    status, text = run(*arguments)
    assert (status, COLOURS in text, LINK in text) == (1, is_shown, False)
    return text.partition("Error: ")[2]


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


def drawn(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith(COLOURS)]
    return [line.removeprefix(COLOURS).removesuffix(RESET) for line in lines]


@pytest.mark.parametrize(
    ("path", "more", "device"),
    [("", (), "gateway"), ("/v2/send", (), "gateway"), (RPC, ("--name", "a"), "a")],
)
def test_an_account_is_linked_with_the_address_alone(
    path: str, more: tuple[str, ...], device: str
) -> None:
    with standin.running() as server:
        url = server.url + path
        status, text = process("link", *more, SIGNAL_API_URL=url, LOG_LEVEL="DEBUG")
        assert server.books.devices == [device]
    assert status == 0
    assert "Scan this in Signal on your phone, under Settings > Linked devices:" in text
    assert text.endswith(
        " s left\n"
        "Linked to +4915100000002. Put this line into the gateway's settings:\n"
        "SIGNAL_NUMBER=+4915100000002\n"
    )
    assert "uuid" not in text


def test_the_code_is_the_link_and_fits_the_smallest_terminal(server: StandIn) -> None:
    status, text = run("--name", "login-codes.2")
    assert (status, server.books.devices) == (0, ["login-codes.2"])
    modules = [
        [HALVES[sign][half] for sign in line] for line in drawn(text) for half in (0, 1)
    ]
    expected = segno.make_qr(LINK, error="L").matrix_iter(border=2)
    assert modules == [*map(list, expected), [0] * 45]
    countdown = text.partition(COLOURS)[2].splitlines()[23].split("\r")
    assert len(countdown[-1]) <= 80


def test_the_time_that_is_left_is_shown_while_nobody_scans(
    daemon: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = '{"jsonrpc":"2.0","result":{"number":"+4915100000002"},"id":1}'
    daemon.answers["finishLink"] = Behaviour(200, number, delay=1.3)
    text = run()[1]
    assert "Linked devices: 120 s left\r" in text
    assert "Linked devices: 119 s left\n" in text


@pytest.mark.parametrize("name", ["", "a b", "a&b=c", "ä", "x" * 65])
def test_any_other_name_is_refused(name: str, server: StandIn) -> None:
    assert (
        failed("--name", name) == "--name takes up to 64 letters, digits, _ . and -.\n"
    )
    assert server.books.devices == []


@pytest.mark.parametrize(
    "urls", ["", "signal:8080", "http://signal:8080,http://other:8080"]
)
def test_it_takes_one_server(urls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL_API_URL", urls)
    monkeypatch.setenv("PORT", "8000")
    assert failed() == (
        "Set SIGNAL_API_URL to one Signal server's address, like http://signal:8080.\n"
    )


def test_no_code_is_made_where_no_terminal_is(server: StandIn) -> None:
    given = gateway.environment(SIGNAL_API_URL=server.url)
    ended = subprocess.run(
        [*FLASK, "link"], cwd=ROOT, env=given, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    told = "The QR code is as good as a password. Run this in a terminal with UTF-8.\n"
    assert ended.stderr == f"Error: {told}"
    assert run(encoding="latin-1")[1].endswith(told)  # it cannot show the code
    assert server.books.devices == []


def test_a_server_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    port = gateway.free_port()
    monkeypatch.setenv("SIGNAL_API_URL", f"http://user:password@127.0.0.1:{port}")
    told = f"127.0.0.1:{port}: the server does not take the connection."
    assert failed() == told + AWAY


@pytest.mark.parametrize(
    ("path", "what"),
    [("/nowhere", "signal-cli-rest-api"), (f"/x{RPC}", "signal-cli daemon")],
)
def test_another_kind_of_server_is_told(
    path: str, what: str, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers[path] = Behaviour(404, "404 page not found")
    server.answers["version"] = Behaviour(404, "404 page not found")
    monkeypatch.setenv("SIGNAL_API_URL", server.url + path)
    told = f"127.0.0.1:{server.port}: this is no {what} (it answers 404)."
    assert failed() == told + AWAY


def test_an_old_server_is_told_with_its_version_and_the_page_to_open(
    server: StandIn,
) -> None:
    about = '{"versions":["v1","v2"],"mode":"normal","version":"0.96"}'
    server.answers["/v1/about"] = Behaviour(200, about)
    server.answers["/v1/qrcodelink/raw"] = Behaviour(404, "404 page not found")
    assert failed("--name", "codes") == (
        "signal-cli-rest-api 0.96, mode normal gives no link here. Update it to 0.97"
        " or newer, go around a proxy before it, or open"
        f" http://127.0.0.1:{server.port}/v1/qrcodelink?device_name=codes in a browser and"
        " scan that.\n"
    )


@pytest.mark.parametrize(
    "answer",
    [
        Behaviour(200, '{"device_link_uri":""}'),
        Behaviour(400, '{"error":"Couldn\'t start link: Link request error"}'),
        Behaviour(200, '{"device_link_uri":7}'),
        Behaviour(502, "Bad gateway"),
    ],
)
def test_a_server_without_a_way_to_signal_is_told(
    answer: Behaviour, server: StandIn
) -> None:
    server.answers["/v1/qrcodelink/raw"] = answer
    assert failed() == NO_WAY


@pytest.mark.parametrize(
    ("method", "answer", "sentence"),
    [
        ("startLink", error(-3, CLOSED), NO_WAY),
        (
            "startLink",
            error(-32601, "Method not implemented"),
            "Your daemon serves one account. Start it without -a, and run this again.\n",
        ),
        ("startLink", Behaviour(200, "{}"), NO_WAY),
        ("startLink", Behaviour(200, '{"result":[]}'), NO_WAY),
        (
            "finishLink",
            error(-1, "Link request timed out, please try again."),
            f"{LATE}\n",
        ),
        (
            "finishLink",
            error(-1, 'The user +4915100000002 already exists\\nDelete \\"/x\\"'),
            "Your Signal server has this account already. If it cannot send, see 'Link again'"
            " in docs/operations.md.\n",
        ),
        ("finishLink", error(-3, CLOSED), NO_WAY),
        ("finishLink", error(-1, "Unknown device link uri."), NO_WAY),
    ],
)
def test_a_daemon_that_does_not_link_is_told(
    method: str, answer: Behaviour, sentence: str, daemon: StandIn
) -> None:
    daemon.answers[method] = answer
    assert failed(is_shown=method == "finishLink") == sentence


def test_a_daemon_that_goes_away_meanwhile_is_told(daemon: StandIn) -> None:
    daemon.answers["finishLink"] = Behaviour(manner="reset")
    told = f"127.0.0.1:{daemon.port}: the connection broke before the answer came."
    assert failed(is_shown=True) == told + AWAY


def test_nobody_scans_the_code_in_time(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.link.LINK_SECONDS", 1.5)
    server.accounts.append(LINKED)
    assert failed(is_shown=True) == (
        f"{LATE} If your phone lists the device, it is linked: the server knew the account.\n"
    )


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
