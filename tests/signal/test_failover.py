"""From the request to the answer: which server is tried next, and what a person is told in the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any

import pytest
import requests
import responses

from tests.conftest import BEARER, NUMBER, SIGNAL, client

SECOND = "http://second.test:8080"
DAEMON = "http://daemon.test:8080/api/v1/rpc"
TO = "+4915112345678"
UNREGISTERED = 'Unregistered user "+4915112345678"\nFailed to send message'
SEARCH = f"{SIGNAL}/v1/search/%2B4915100000001?numbers=%2B4915112345678"
AWAY = "Unable to check if users are registered"

OF_THE_SERVER = [
    "Specified account does not exist",
    "Number not registered with JSON-RPC",
    "User +4915100000001 is not registered.",
    "Invalid account (phone number), make sure you include the country code.",
    "Error while checking account +4915100000001: x: [401] Authorization failed!",
    "Error while checking account +4915100000001: Failed to connect",
    "signal-cli version is too old for the Signal-Server, please update.",
    "Failed to read local accounts list\n",
    "Error loading state file for user +4915100000001: /x (Permission denied) (IOException)",
    'exec: "signal-cli-native": executable file not found in $PATH',
    "fork/exec /usr/bin/signal-cli: cannot allocate memory",
    "Error occurred during initialization of VM\nCould not reserve enough space",
    "open /tmp/signal-cli123.bin: no space left on device",
    "write unix @->/run/signal-cli/socket: write: broken pipe",
    "Failed to send message: Closed unexpectedly (SocketException)",
    "Failed to send message: Write failed! (IOException) (UnexpectedErrorException)",
    "Failed to send message: No connection! (IOException)",
    "Failed to send sticker: Sticker pack not found",
    "The user +4915100000009 is not registered.",
]
OF_THE_MESSAGE = [
    (UNREGISTERED, 422, "not_on_signal"),
    ("Failed to send message due to untrusted identities", 422, "safety_number_changed"),
    ("Failed to send message due to rate limiting", 429, "signal_rate_limited"),
    ("Invalid phone number 'x': y", 422, "invalid_recipient"),
    ("Failed to send message: x (IOException) (UnexpectedErrorException)", 502, "signal_rejected"),
    ("process killed as timeout reached", 504, "signal_timeout"),
    ('+49: Network failure for "+49"\nFailed to send message', 504, "signal_timeout"),
]  # fmt: skip


def failure(text: str) -> dict[str, Any]:
    return {"status": 400, "json": {"error": text}}


def rpc_failure(code: int, text: str) -> dict[str, Any]:
    return {"json": {"jsonrpc": "2.0", "error": {"code": code, "message": text}}}


def send(
    server: responses.RequestsMock, *urls: str, to: str = TO
) -> tuple[int, str | None, int]:
    """Status and code of the answer, and how often the second server was asked to send."""
    caller = client(signal_urls=urls)
    document = {"to": to, "message": "x"}
    answer = caller.post("/v2/send", json=document, headers=BEARER)
    calls = [call for call in server.calls if call.request.url == f"{SECOND}/v2/send"]
    return answer.status_code, (answer.json or {}).get("code"), len(calls)


@pytest.fixture
def server(signal: responses.RequestsMock) -> responses.RequestsMock:
    """Two servers, of which the second takes every message."""
    signal.post(f"{SECOND}/v2/send", status=201, json={"timestamp": "2"})
    signal.get(SEARCH, json=[{"number": TO, "registered": False}])
    return signal


@pytest.mark.parametrize("text", OF_THE_SERVER)
def test_what_the_server_or_its_account_cannot_do_the_next_one_does(
    text: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(text))
    assert send(server, SIGNAL, SECOND) == (201, None, 1)


@pytest.mark.parametrize(
    "answer", [{"status": 500, "body": ""}, {"body": requests.ConnectTimeout()}]
)
def test_a_server_that_is_out_of_reach_is_left_for_the_next(
    answer: dict[str, Any], server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **answer)
    assert send(server, SIGNAL, SECOND) == (201, None, 1)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-32602, "Specified account does not exist"),
        (-32602, "Method requires valid account parameter"),
        (-1, "User +4915100000001 is not registered."),
        (
            -32603,
            "Failed to send message: Closed unexpectedly (SocketException)"
            " (UnexpectedErrorException)",
        ),
    ],
)
def test_what_a_daemon_cannot_do_the_next_server_does(
    code: int, text: str, server: responses.RequestsMock
) -> None:
    server.post(DAEMON, **rpc_failure(code, text))
    assert send(server, DAEMON, SECOND) == (201, None, 1)


@pytest.mark.parametrize(("text", "status", "code"), OF_THE_MESSAGE)
def test_what_no_server_could_do_or_nobody_knows_is_tried_nowhere_else(
    text: str, status: int, code: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(text))
    assert send(server, SIGNAL, SECOND) == (status, code, 0)


@pytest.mark.parametrize(
    ("first", "second", "status", "code"),
    [
        (OF_THE_SERVER[0], OF_THE_SERVER[5], 502, "sender_not_registered"),
        (OF_THE_SERVER[5], OF_THE_SERVER[0], 502, "sender_not_registered"),
        (OF_THE_SERVER[5], OF_THE_SERVER[7], 502, "signal_rejected"),
        (OF_THE_SERVER[5], "Failed to send message", 504, "signal_timeout"),
    ],
)
def test_if_no_server_can_the_gravest_reason_answers(
    first: str, second: str, status: int, code: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(first))
    server.replace("POST", f"{SECOND}/v2/send", **failure(second))
    assert send(server, SIGNAL, SECOND) == (status, code, 1)


DOUBTS = [
    (failure(f"{AWAY}: Connection failed"), 503, "signal_unreachable"),
    (failure("Rate limit reached: try later"), 429, "signal_rate_limited"),
    ({"json": [{"number": TO, "registered": False}]}, 422, "not_on_signal"),
    (failure("something new"), 422, "not_on_signal"),
    ({"status": 400, "json": [AWAY]}, 422, "not_on_signal"),
    ({"status": 404, "body": "404 page not found"}, 422, "not_on_signal"),
    ({"body": requests.ConnectionError()}, 422, "not_on_signal"),
]


@pytest.mark.parametrize(("found", "status", "code"), DOUBTS)
def test_not_on_signal_is_told_only_after_the_server_was_asked_once_more(
    found: dict[str, Any], status: int, code: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(UNREGISTERED))
    server.replace("GET", SEARCH, **found)
    assert send(server, SIGNAL) == (status, code, 0)
    assert [call.request.url for call in server.calls] == [f"{SIGNAL}/v2/send", SEARCH]


def test_a_server_without_its_network_is_left_for_the_next(
    server: responses.RequestsMock,
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(UNREGISTERED))
    server.replace("GET", SEARCH, **failure(AWAY))
    assert send(server, SIGNAL, SECOND) == (201, None, 1)


def test_a_user_name_cannot_be_looked_up_there(server: responses.RequestsMock) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(UNREGISTERED))
    assert send(server, SIGNAL, to="alice.42") == (422, "not_on_signal", 0)
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("found", "status", "code"),
    [
        (rpc_failure(-3, AWAY), 503, "signal_unreachable"),
        (rpc_failure(-1, "Rate limit reached"), 429, "signal_rate_limited"),
        ({"json": {"result": [{"isRegistered": False}]}}, 422, "not_on_signal"),
        (rpc_failure(-1, "something new"), 422, "not_on_signal"),
        ({"json": {"error": "?"}}, 422, "not_on_signal"),
        ({"body": "[]"}, 422, "not_on_signal"),
        ({"body": requests.ConnectionError()}, 422, "not_on_signal"),
    ],
)
@pytest.mark.parametrize("to", [TO, "alice.42"])
def test_a_daemon_is_asked_once_more_too(
    to: str,
    found: dict[str, Any],
    status: int,
    code: str,
    server: responses.RequestsMock,
) -> None:
    results = [{"recipientAddress": {}, "type": "UNREGISTERED_FAILURE"}]
    server.post(DAEMON, json={"result": {"timestamp": 1, "results": results}})
    server.post(DAEMON, **found)
    assert send(server, DAEMON, to=to) == (status, code, 0)
    key = "recipient" if to == TO else "username"
    assert server.calls[1].request.body == (
        b'{"jsonrpc": "2.0", "id": 1, "method": "getUserStatus", "params":'
        b' {"account": "%b", "%b": ["%b"]}}'
        % (NUMBER.encode(), key.encode(), to.encode())
    )


class Silent(BaseHTTPRequestHandler):
    """Says of everybody that they are not on Signal, and does not answer when asked again."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.end_headers()
        self.wfile.write(b'{"error": "Unregistered user"}')

    def do_GET(self) -> None:
        sleep(1.5)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_look_up_without_an_answer_leaves_what_is_certain_as_it_is() -> None:
    with serving(Silent) as url:
        caller = client(signal_urls=(url,), signal_timeout=1)
        started = monotonic()
        document = {"to": TO, "message": "x"}
        answer = caller.post("/v2/send", json=document, headers=BEARER)
        assert monotonic() - started < 1.2
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "not_on_signal")
