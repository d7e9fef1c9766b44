"""What each answer of signal-cli-rest-api means, by mode and version."""

import json
from time import monotonic
from typing import Any

import pytest
import requests
import responses
import urllib3

from app.signal.outcome import Message, Outcome, State
from app.signal.rest import RestServer
from app.styling import Style, plain, styled
from tests.conftest import NUMBER, SIGNAL

RECIPIENT = "+4915112345678"
GROUP = "group.YWJj"
Told = tuple[State, str | None]
SENT: Told = (State.SENT, None)
UNKNOWN: Told = (State.UNKNOWN, "signal_timeout")


def not_sent(code: str) -> Told:
    return State.NOT_SENT, code


def ask(to: str = RECIPIENT, **answer: Any) -> Outcome:
    """The outcome of a send that the server answers so."""
    with responses.RequestsMock() as server:
        server.post(f"{SIGNAL}/v2/send", **answer)
        message = Message(NUMBER, plain("hello"))
        return RestServer(SIGNAL).send(message, to, monotonic() + 5)


FAILED = "Failed to send message\n"
SOME = "Failed to send (some) messages:\n+491: "
REPORT = '{"timestamp":1700000000000,"results":[{"recipientAddress":{},"type":"%s"}]}\n'
LIMIT = '{"results":[{"type":"RATE_LIMIT_FAILURE",%s}]}\n'
CAPTCHA = (
    'CAPTCHA proof required for sending to "+491", available options "CAPTCHA" with'
    ' challenge token "tok-1", or wait "86400" seconds.\nTo get the captcha token, go to'
)
NO_KEYS = (
    "No prekeys available for x, maybe one of the devices of the recipient wasn't online"
    " for a while."
)
CHECKING = "Error while checking account +49: "
TOO_OLD = "signal-cli version is too old for the Signal-Server, please update."

# Texts of a 400, whether the server or its account is at fault, and what each means.
OF_THE_SERVER = {
    "sender_not_registered": [
        "Specified account does not exist",
        "Number not registered with JSON-RPC",
        "User +4900 is not registered.\n",
        "INFO  SignalAccount - x\nUser +4900 is not registered.\n",
        "Invalid account (phone number), make sure you include the country code.\n",
        f"{CHECKING}x: [401] Authorization failed!",
        f"{CHECKING}x: [403] Authorization failed!\n",
    ],
    "signal_unreachable": [
        f"{CHECKING}Failed to connect\n",
        "write tcp 127.0.0.1:1->127.0.0.1:6001: broken pipe",
        "write unix @->/run/signal-cli/socket: write: broken pipe",
        "Failed to send message: Closed unexpectedly (SocketException)",
        "Failed to send message: Write failed! (IOException) (UnexpectedErrorException)",
        "Failed to send message: No connection! (IOException)",
    ],
    "signal_rejected": [
        TOO_OLD,
        f"{CHECKING}{TOO_OLD} (IOException)\n",
        "Failed to read local accounts list\n",
        "Error loading state file for user +4900: /x (Permission denied) (IOException)",
        'exec: "signal-cli-native": executable file not found in $PATH',
        "fork/exec /usr/bin/signal-cli: cannot allocate memory",
        "Error occurred during initialization of VM\nCould not reserve enough space",
        "open /tmp/signal-cli123.bin: no space left on device",
        "Failed to send sticker: Sticker pack not found",
        "The user +4900 is not registered.",
    ],
}
OF_THE_MESSAGE = {
    None: [  # it ended well, and the server says 400 all the same
        "1700000000000java.lang.Exception: x",
        "INFO  AccountHelper - x\n1700000000000\njava.lang.Exception: x\n",
        "invalid character 'j' after top-level value",
    ],
    "not_on_signal": [
        f'{SOME}Unregistered user "+491"\n1700000000000\n{FAILED}',
        REPORT % "UNREGISTERED_FAILURE" + FAILED,
    ],
    "safety_number_changed": [
        f'{SOME}Untrusted Identity for "+491"\n1700000000000\n'
        "Failed to send message due to untrusted identities\n",
        "Failed to send message due to untrusted identities",
        "Unable to complete request due to untrusted recipient keys",
    ],
    "signal_rate_limited": [
        f"{SOME}{CAPTCHA}\nFailed to send message due to rate limiting\n",
        f'{SOME}Rate limit failure for "+491", retry after 30 seconds\n{FAILED}',
        "Failed to send message due to rate limiting",
        "Failed to send message: [429] Rate limit exceeded: 429 (RateLimitException)"
        " (UnexpectedErrorException)",
    ],
    "signal_rejected": [
        f"{SOME}{NO_KEYS}\n{FAILED}",
        "Failed to send message: boom (IOException) (UnexpectedErrorException)",
    ],
    "invalid_recipient": [
        "Group not found: YWJj\n",
        "User is not a member in group: x (YWJj)\n",
        "User is not allowed to send message to group: x (YWJj)\n",
        "Cannot send message to group - please first update your profile.",
        "Invalid identifier group.x",
        "Invalid Signal group size (16",
        "Invalid phone number '': No valid characters found.",
    ],
    "no_message": [
        "Sending empty message is not allowed, either a message, attachment or sticker"
        " must be given.\n",
    ],
    "bad_request": [
        "Couldn't process request - invalid request",
        "'view_once' can only be set for image attachments!",
        "illegal base64 data at input byte 3",
        "The base64 data does not exist.",
        "Quote author parameter is missing",
    ],
    "signal_timeout": [  # nobody knows
        f'{SOME}Network failure for "+491"\n1700000000000\n{FAILED}',
        f'{SOME}Unregistered user "+491"\n+492: Network failure for "+492"\n{FAILED}',
        '1631261157648\nFailed to send (some) messages:\nNetwork failure for "+491"\n',
        REPORT % "NETWORK_FAILURE" + FAILED,
        "Failed to send message",
        "process killed as timeout reached",
        "read tcp 127.0.0.1:1->127.0.0.1:6001: connection reset by peer",
        "something new",
        # a line counts only as a whole
        "no space left on device",
        'Hello, exec: "x": executable file not found in $PATH',
        "a@b Rate limit failure for x: retry after 86400 seconds",
        "he said: Unregistered user",
    ],
}
STATES = {None: State.SENT, "signal_timeout": State.UNKNOWN}
TEXTS: list[tuple[str, Told]] = [
    (text, (STATES.get(code, State.NOT_SENT), code))
    for table in (OF_THE_SERVER, OF_THE_MESSAGE)
    for code, texts in table.items()
    for text in texts
]


def test_a_plain_text_goes_out_as_it_is(signal: responses.RequestsMock) -> None:
    server = RestServer(f"{SIGNAL}/v2/send")  # an address that names it is understood
    server.send(Message(NUMBER, plain("hello")), RECIPIENT, monotonic() + 5)
    assert json.loads(signal.calls[0].request.body or b"") == {
        "number": NUMBER,
        "recipients": [RECIPIENT],
        "message": "hello",
        "text_mode": "normal",
    }


def test_a_styled_text_is_escaped(signal: responses.RequestsMock) -> None:
    content = styled([Style.BOLD, "2*3", Style.BOLD, " ~"])
    RestServer(SIGNAL).send(Message(NUMBER, content), RECIPIENT, monotonic() + 5)
    document = json.loads(signal.calls[0].request.body or b"")
    assert (document["message"], document["text_mode"]) == (r"**2\*3** \~", "styled")


@pytest.mark.parametrize(
    ("body", "timestamp"),
    [
        ('{"timestamp":"1700000000000"}', "1700000000000"),
        ('[{"timestamp":"1700000000000"}]', "1700000000000"),
        ('{"timestamp":1700000000000}', "1700000000000"),
        ('{"timestamp":"<b>"}', None),
        ("null", None),
        ("[]", None),
        ('[{"timestamp":"1700000000000","errors":"?"}]', "1700000000000"),
    ],
)
def test_201_is_sent_whatever_its_body(body: str, timestamp: str | None) -> None:
    found = ask(status=201, body=body)
    assert (found.state, found.timestamp) == (State.SENT, timestamp)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"reason": "UNREGISTERED_FAILURE"}, not_sent("not_on_signal")),
        ({"reason": "IDENTITY_FAILURE"}, not_sent("safety_number_changed")),
        ({"reason": "RATE_LIMIT_FAILURE"}, not_sent("signal_rate_limited")),
        ({"reason": "INVALID_PRE_KEY_FAILURE"}, not_sent("signal_rejected")),
        ({"reason": "NETWORK_FAILURE"}, UNKNOWN),
        ({"reason": ["SOMETHING_NEW"]}, UNKNOWN),
        ({"uuid": "of the recipient"}, UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_a_201_that_names_the_recipient_did_not_reach_it(
    entry: object, expected: Told
) -> None:
    found = ask(status=201, json=[{"errors": {"recipients": [entry]}}])
    assert (found.state, found.code) == expected


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (201, [{"errors": {"recipients": [{"reason": "NETWORK_FAILURE"}]}}], SENT),
        (400, {"error": f'{SOME}Unregistered user "+492"1700000000000'}, SENT),
        (400, {"error": "[429] Rate limit exceeded (RateLimitException)"}, UNKNOWN),
        (400, {"error": "Failed to send message: boom (IOException)"}, UNKNOWN),
        (400, {"error": CAPTCHA}, UNKNOWN),
        (429, {}, UNKNOWN),
    ],
)
def test_of_a_group_some_may_have_got_it(
    status: int, document: object, expected: Told
) -> None:
    found = ask(GROUP, status=status, json=document)
    assert (found.state, found.code) == expected
    assert "members of the group" in found.detail


@pytest.mark.parametrize(
    ("status", "error", "tokens", "seconds", "urgent"),
    [
        (429, FAILED, [""], 60, False),
        (429, FAILED, ["tok-1"], 60, True),
        (400, f"{SOME}{CAPTCHA}\n", None, 86400, True),
        (400, f"{SOME}Rate limit failure, retry after 30 seconds\n", None, 30, False),
        (400, "Rate limit failure, retry after 999999999 s", None, 86400, False),
        (400, LIMIT % '"token":"t","retryAfterSeconds":0', None, 1, True),
    ],
)
def test_a_limit_says_when_to_try_again_and_whether_a_person_must_act(
    status: int, error: str, tokens: list[str] | None, seconds: int, urgent: bool
) -> None:
    found = ask(status=status, json={"error": error, "challenge_tokens": tokens})
    expected = ("signal_rate_limited", seconds, urgent)
    assert (found.code, found.retry_after, found.urgent) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, "", not_sent("signal_unreachable")),
        (500, "oops", UNKNOWN),
        (200, "<html>", UNKNOWN),
        (400, "[" * 20_000, UNKNOWN),
        (404, "404 page not found", not_sent("signal_rejected")),
        (429, "", not_sent("signal_rate_limited")),
        (302, "", not_sent("signal_rejected")),
    ],
)
def test_an_answer_without_signal_clis_text_is_read_by_its_status(
    status: int, body: str, expected: Told
) -> None:
    found = ask(status=status, body=body, headers={"Location": "http://other.test/"})
    assert (found.state, found.code) == expected


REFUSED = urllib3.exceptions.MaxRetryError(
    urllib3.HTTPConnectionPool("signal.test"),
    "/v2/send",
    urllib3.exceptions.NewConnectionError(None, "x"),  # type: ignore[arg-type]
)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (requests.ConnectionError(REFUSED), not_sent("signal_unreachable")),
        (requests.ConnectionError(), UNKNOWN),
        (requests.ReadTimeout(), UNKNOWN),
    ],
)
def test_a_broken_connection_is_unknown_unless_nothing_was_written(
    failure: Exception, expected: Told
) -> None:
    found = ask(body=failure)
    assert (found.state, found.code, found.server_failed) == (*expected, True)


def test_nothing_is_sent_after_the_deadline(signal: responses.RequestsMock) -> None:
    message = Message(NUMBER, plain("hello"))
    found = RestServer(SIGNAL).send(message, RECIPIENT, monotonic() - 1)
    assert (found.state, found.code) == not_sent("signal_unreachable")
    assert not signal.calls


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"json": {"mode": "normal"}}, 1),
        ({"json": {"mode": "native"}}, 1),
        ({"json": {"mode": "json-rpc"}}, 96),
        ({"json": {"mode": "new"}}, None),
        ({"status": 404, "body": "404 page not found"}, None),
        ({"body": requests.ConnectionError()}, None),
    ],
)
def test_the_servers_mode_tells_how_many_at_once_it_stands(
    answer: dict[str, Any], expected: int | None, signal: responses.RequestsMock
) -> None:
    signal.get(f"{SIGNAL}/v1/about", **answer)
    assert RestServer(SIGNAL).concurrency(monotonic() + 5) == expected
