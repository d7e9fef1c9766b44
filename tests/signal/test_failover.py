"""From the request to the answer: which server is tried next, and what a person is told in the end."""

import json
from time import monotonic
from typing import Any

import pytest
import requests
import responses

from app.errors import KINDS
from tests import standin
from tests.conftest import BEARER, NUMBER, SIGNAL, client
from tests.signal.test_rest import FAILED, OF_THE_MESSAGE, OF_THE_SERVER, REFUSED
from tests.standin import Behaviour

SECOND = "http://second.test:8080"
DAEMON = "http://daemon.test:8080/api/v1/rpc"
TO = "+4915112345678"
UNREGISTERED = 'Unregistered user "+4915112345678"\nFailed to send message'
SEARCH = f"{SIGNAL}/v1/search/%2B4915100000001?numbers=%2B4915112345678"
AWAY = "Unable to check if users are registered"

# By the code of an answer.
STATUSES = {kind.code or name: kind.status for name, kind in KINDS.items()}


def failure(text: str) -> dict[str, Any]:
    return {"status": 400, "json": {"error": text}}


def rpc_failure(code: int, text: str) -> dict[str, Any]:
    return {"json": {"jsonrpc": "2.0", "error": {"code": code, "message": text}}}


def send(
    server: responses.RequestsMock, *urls: str, to: str = TO
) -> tuple[int, str | None, int]:
    """Status and code of the answer, and how often the second server was asked to send."""
    caller = client(signal_api_url=urls)
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


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        *[(c, failure(text)) for c, texts in OF_THE_SERVER.items() for text in texts],
        ("signal_unreachable", {"status": 500, "body": ""}),
        ("signal_unreachable", {"body": requests.ConnectTimeout()}),
        ("signal_unreachable", {"body": requests.ConnectionError(REFUSED)}),
    ],
)
def test_what_the_server_or_its_account_cannot_do_the_next_one_does(
    code: str, answer: dict[str, Any], server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **answer)
    assert send(server, SIGNAL, SECOND) == (201, None, 1)
    assert send(server, SIGNAL) == (STATUSES[code], code, 1)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-32602, "Specified account does not exist"),
        (-32602, "Method requires valid account parameter"),
        (-1, "User +4915100000001 is not registered."),
        (-32603, "Failed to send message: Closed unexpectedly (SocketException) (x)"),
    ],
)
def test_what_a_daemon_cannot_do_the_next_server_does(
    code: int, text: str, server: responses.RequestsMock
) -> None:
    server.post(DAEMON, **rpc_failure(code, text))
    assert send(server, DAEMON, SECOND) == (201, None, 1)


@pytest.mark.parametrize(
    ("code", "text"),
    [(code, text) for code, texts in OF_THE_MESSAGE.items() for text in texts],
)
def test_what_no_server_could_do_or_nobody_knows_is_tried_nowhere_else(
    code: str | None, text: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(text))
    status = STATUSES[code] if code else 201
    assert send(server, SIGNAL, SECOND) == (status, code, 0)


UNLINKED = "Specified account does not exist"
OFFLINE = "Error while checking account +4915100000001: Failed to connect"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (UNLINKED, OFFLINE, "sender_not_registered"),
        (OFFLINE, UNLINKED, "sender_not_registered"),
        (OFFLINE, "Failed to read local accounts list", "signal_rejected"),
        (OFFLINE, FAILED, "signal_timeout"),
    ],
)
def test_if_no_server_can_the_gravest_reason_answers(
    first: str, second: str, code: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(first))
    server.replace("POST", f"{SECOND}/v2/send", **failure(second))
    assert send(server, SIGNAL, SECOND) == (STATUSES[code], code, 1)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (failure(f"{AWAY}: Connection failed"), "signal_unreachable"),
        (failure("Rate limit reached: try later"), "signal_rate_limited"),
        ({"json": [{"number": TO, "registered": False}]}, "not_on_signal"),
        (failure("something new"), "not_on_signal"),
        ({"status": 400, "json": [AWAY]}, "not_on_signal"),
        ({"status": 404, "body": "404 page not found"}, "not_on_signal"),
        ({"body": requests.ConnectionError()}, "not_on_signal"),
    ],
)
def test_not_on_signal_is_told_only_after_the_server_was_asked_once_more(
    found: dict[str, Any], code: str, server: responses.RequestsMock
) -> None:
    server.replace("POST", f"{SIGNAL}/v2/send", **failure(UNREGISTERED))
    server.replace("GET", SEARCH, **found)
    assert send(server, SIGNAL) == (STATUSES[code], code, 0)
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
    ("found", "code"),
    [
        (rpc_failure(-3, AWAY), "signal_unreachable"),
        (rpc_failure(-1, "Rate limit reached"), "signal_rate_limited"),
        ({"json": {"result": [{"isRegistered": False}]}}, "not_on_signal"),
        (rpc_failure(-1, "something new"), "not_on_signal"),
        ({"json": {"error": "?"}}, "not_on_signal"),
        ({"body": "[]"}, "not_on_signal"),
        ({"body": requests.ConnectionError()}, "not_on_signal"),
    ],
)
@pytest.mark.parametrize(("to", "key"), [(TO, "recipient"), ("alice.42", "username")])
def test_a_daemon_is_asked_once_more_too(
    to: str, key: str, found: dict[str, Any], code: str, server: responses.RequestsMock
) -> None:
    results = [{"recipientAddress": {}, "type": "UNREGISTERED_FAILURE"}]
    server.post(DAEMON, json={"result": {"timestamp": 1, "results": results}})
    server.post(DAEMON, **found)
    assert send(server, DAEMON, to=to) == (STATUSES[code], code, 0)
    asked = json.loads(server.calls[1].request.body or b"")
    assert (asked["method"], asked["params"]) == (
        "getUserStatus",
        {"account": NUMBER, key: [to]},
    )


def test_a_look_up_without_an_answer_leaves_what_is_certain_as_it_is() -> None:
    refusal = Behaviour(400, json.dumps({"error": UNREGISTERED}), accepts=False)
    with standin.running(lambda document: refusal) as server:
        server.answers["/v1/search/%2B4915100000001"] = Behaviour(manner="hang")
        caller = client(signal_api_url=(server.url,), signal_timeout=1)
        started = monotonic()
        document = {"to": TO, "message": "x"}
        answer = caller.post("/v2/send", json=document, headers=BEARER)
        assert 0.4 < monotonic() - started < 1.2
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "not_on_signal")
