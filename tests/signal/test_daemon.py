"""The signal-cli daemon: what it is sent, and what each of its answers means."""

import json
from time import monotonic
from typing import Any

import pytest
import responses

from app.signal.daemon import DaemonServer
from app.signal.outcome import Message, Outcome, State
from app.styling import plain
from tests.conftest import NUMBER
from tests.signal.test_rest import RECIPIENT, SENT, UNKNOWN, Told, not_sent

URL = "http://signal.test:8080/api/v1/rpc"
GROUP = "group.YUdWc2JHOD0="  # of the id aGVsbG8=
ACCOUNT = "6f0b1a52-3a5c-4c9e-9f0a-0123456789ab"
HELLO = Message(NUMBER, plain("hello"))
BARE = {"account": NUMBER, "message": "hello", "textStyle": [], "notifySelf": True}
MENTION = {"start": 2, "length": 3, "author": RECIPIENT}
PICTURE = "data:image/png;filename=x.png;base64,QUJD"
UNTRUSTED, LIMITED = not_sent("safety_number_changed"), not_sent("signal_rate_limited")
REJECTED, NO_SENDER = not_sent("signal_rejected"), not_sent("sender_not_registered")
OCTETS = "data:application/octet-stream;base64,QUJD"


def ask(to: str = RECIPIENT, **answer: Any) -> Outcome:
    """The outcome of a send that the daemon answers so."""
    with responses.RequestsMock() as server:
        server.post(URL, **answer)
        return DaemonServer(URL).send(HELLO, to, monotonic() + 5)


def params(message: Message, to: str = RECIPIENT) -> dict[str, Any]:
    """The ``params`` that the daemon gets."""
    with responses.RequestsMock() as server:
        server.post(URL, json={"result": {"timestamp": 1, "results": []}})
        DaemonServer(URL).send(message, to, monotonic() + 5)
        document: dict[str, Any] = json.loads(server.calls[0].request.body or b"")
    found: dict[str, Any] = document.pop("params")
    assert document == {"jsonrpc": "2.0", "id": 1, "method": "send"}
    return found


def result(*types: object, **more: object) -> dict[str, Any]:
    results = [{"recipientAddress": {}, "type": kind, **more} for kind in types]
    return {"timestamp": 1700000000000, "results": results}


def failed(message: str, code: int = -1, response: object = None) -> dict[str, Any]:
    data = {"response": response} if response else None
    return {"error": {"code": code, "message": message, "data": data}, "id": 1}


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (RECIPIENT, {"recipient": [RECIPIENT]}),
        (ACCOUNT, {"recipient": [ACCOUNT]}),
        ("alice.42", {"username": ["alice.42"]}),
        (GROUP, {"groupId": ["aGVsbG8="]}),
    ],
)
def test_each_kind_of_recipient_has_its_own_parameter(
    recipient: str, expected: dict[str, Any]
) -> None:
    assert params(HELLO, recipient) == {**BARE, **expected}


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("notify_self", False, {"notifySelf": False}),
        ("view_once", True, {"viewOnce": True}),
        ("sticker", "0a:1", {"sticker": "0a:1"}),
        ("edit_timestamp", 1700000000001, {"editTimestamp": 1700000000001}),
        ("quote_timestamp", 1700000000000, {"quoteTimestamp": 1700000000000}),
        ("quote_author", RECIPIENT, {"quoteAuthor": RECIPIENT}),
        ("quote_message", "before", {"quoteMessage": "before"}),
        ("quote_mentions", [MENTION], {"quoteMention": [f"2:3:{RECIPIENT}"]}),
        ("mentions", [MENTION] * 2, {"mention": [f"2:3:{RECIPIENT}"] * 2}),
        ("base64_attachments", ["QUJD", PICTURE], {"attachment": [OCTETS, PICTURE]}),
        (
            "link_preview",
            {"url": "https://a.test", "title": "A", "description": "B"},
            {"previewUrl": "https://a.test", "previewTitle": "A", "previewDescription": "B"},
        ),
    ],
)  # fmt: skip
def test_signals_options_have_the_daemons_names(
    option: str, value: object, expected: dict[str, Any]
) -> None:
    message = Message(NUMBER, plain("hello"), {option: value})
    assert params(message) == {**BARE, "recipient": [RECIPIENT], **expected}


def test_what_the_daemon_cannot_do_is_refused_and_nothing_is_sent() -> None:
    options = {"link_preview": {"base64_thumbnail": "QUJD"}}
    message = Message(NUMBER, plain("hello"), options)
    outcome = DaemonServer(URL).send(message, RECIPIENT, monotonic() + 5)
    told = "a signal-cli daemon takes no 'base64_thumbnail'"
    assert (outcome.code, outcome.detail) == ("bad_request", told)


@pytest.mark.parametrize(
    ("kind", "time", "told"),
    [
        ("UNREGISTERED_FAILURE", 1700000000000, "1700000000000"),
        ("SOMETHING_NEW", [17], None),
    ],
)
def test_a_group_with_a_success_got_it_but_not_all_of_it(
    kind: str, time: object, told: str | None
) -> None:
    found = ask(GROUP, json={"result": result("SUCCESS", kind) | {"timestamp": time}})
    assert (found.state, found.timestamp) == (State.SENT, told)
    assert found.detail == "sent, but not to all members of the group"


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["UNREGISTERED_FAILURE"], not_sent("not_on_signal")),
        (["IDENTITY_FAILURE"], UNTRUSTED),
        (["RATE_LIMIT_FAILURE"], LIMITED),
        (["INVALID_PRE_KEY_FAILURE"], REJECTED),
        (["NETWORK_FAILURE"], UNKNOWN),
        ([["SUCCESS"]], UNKNOWN),
        (["UNREGISTERED_FAILURE", "NETWORK_FAILURE"], UNKNOWN),
        (["UNREGISTERED_FAILURE", "IDENTITY_FAILURE"], UNTRUSTED),
    ],
)  # fmt: skip
def test_the_types_of_a_result_tell_what_became_of_the_message(
    types: list[Any], expected: Told
) -> None:
    for answer in (
        {"result": result(*types)},
        failed("Failed to send message", response=result(*types)),
    ):
        found = ask(json=answer)
        assert (found.state, found.code) == expected


@pytest.mark.parametrize(
    ("more", "seconds", "urgent"),
    [
        ({}, 60, False),
        ({"retryAfterSeconds": 30}, 30, False),
        ({"retryAfterSeconds": True}, 60, False),
        ({"retryAfterSeconds": 86400, "token": "tok-1"}, 86400, True),
    ],
)
def test_a_limit_names_its_time_and_a_captcha_asks_for_a_person(
    more: dict[str, Any], seconds: int, urgent: bool
) -> None:
    response = result("RATE_LIMIT_FAILURE", **more)
    found = ask(json=failed("rate limiting", -5, response))
    expected = ("signal_rate_limited", seconds, urgent)
    assert (found.code, found.retry_after, found.urgent) == expected
    assert "tok-1" not in found.detail


# An error's message and code, and what it means for a person and for a group if that differs.
ERRORS: list[tuple[str, int, Told, Told | None]] = [
    ("Failed to send message", -1, UNKNOWN, UNKNOWN),
    ("Group not found: YWJj", -1, not_sent("invalid_recipient"), None),
    ("Sending empty message is not allowed, either", -1, not_sent("no_message"), None),
    ("Failed read from recipient store (RuntimeException)", -32603, UNKNOWN, UNKNOWN),
    ("Failed to send message: Closed unexpectedly (SocketException)"
     " (UnexpectedErrorException)", -32603, not_sent("signal_unreachable"), UNKNOWN),
    ("Invalid textStyle syntax (x) expected", -1, not_sent("bad_request"), None),
    ("Failed to send message due to untrusted identities", -4, UNTRUSTED, None),
    ("Failed to send message due to rate limiting", -5, LIMITED, UNKNOWN),
    ("?", -4, UNTRUSTED, None),
    ("?", -5, LIMITED, UNKNOWN),
    ("Failed to send message: x (IOException) (UnexpectedErrorException)", -32603,
     REJECTED, UNKNOWN),
    ("[429] Rate limit exceeded: 429 (RateLimitException)", -32603, LIMITED, UNKNOWN),
    ("An internal server error has occurred.", -32603, UNKNOWN, UNKNOWN),
    ("Specified account does not exist", -32602, NO_SENDER, None),
    ("Method requires valid account parameter", -32602, NO_SENDER, None),
    ("Method not implemented", -32601, REJECTED, None),
    ("unexpected type: MISSING", -32600, REJECTED, None),
    ("Unrecognized token", -32700, REJECTED, None),
    ("something new", -99, UNKNOWN, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("message", "code", "expected", "for_group"), ERRORS)
def test_a_json_rpc_error_tells_what_became_of_the_message(
    message: str, code: int, expected: Told, for_group: Told | None
) -> None:
    for to, told in ((RECIPIENT, expected), (GROUP, for_group or expected)):
        found = ask(to, json=failed(message, code))
        assert (found.state, found.code) == told


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, "", UNKNOWN),
        (200, "", UNKNOWN),
        (200, "[]", UNKNOWN),
        (200, "{}", UNKNOWN),
        (200, '{"result": 5}', UNKNOWN),
        (200, '{"error": {"code": [1], "message": 5, "data": 5}}', UNKNOWN),
        (200, '{"result": {"results": []}}', SENT),  # a group with nobody else in it
        (200, '{"result": {"results": [{"type": "SUCCESS"}]}}', SENT),
        (302, "", REJECTED),
        (421, "", REJECTED),
        (502, "", UNKNOWN),
    ],
)
def test_an_answer_below_json_rpc_is_read_by_its_status(
    status: int, body: str, expected: Told
) -> None:
    found = ask(status=status, body=body)
    assert (found.state, found.code) == expected


def test_a_refused_host_name_comes_with_the_way_to_mend_it() -> None:
    assert ask(status=421).detail == (
        "SIGNAL_API_URL answers 421: is it the address of a signal-cli daemon, started with"
        " --http 0.0.0.0:PORT?"
    )


def test_it_does_many_sends_at_once() -> None:
    assert DaemonServer(URL).concurrency(monotonic()) == 96
