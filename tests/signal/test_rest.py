"""What each answer of signal-cli-rest-api means, by mode and version."""

import json
from time import monotonic
from typing import Any

import pytest
import requests
import responses
import urllib3
from requests import PreparedRequest

from app.signal.outcome import Message, Outcome, State
from app.signal.rest import RestServer
from app.styling import Style, plain, styled
from tests.conftest import NUMBER, SIGNAL

RECIPIENT = "+4915112345678"
GROUP = "group.YWJj"

SENT = (State.SENT, None)
UNKNOWN = (State.UNKNOWN, "signal_timeout")


def not_sent(code: str) -> tuple[State, str]:
    return State.NOT_SENT, code


def outcome(server: responses.RequestsMock, to: str = RECIPIENT) -> Outcome:
    message = Message(NUMBER, plain("hello"))
    return RestServer(SIGNAL).send(message, to, monotonic() + 5)


def answering(
    server: responses.RequestsMock, to: str = RECIPIENT, **answer: Any
) -> Outcome:
    server.replace("POST", f"{SIGNAL}/v2/send", **answer)
    return outcome(server, to)


def test_a_plain_text_goes_out_as_it_is(signal: responses.RequestsMock) -> None:
    outcome(signal)
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


def test_an_address_that_names_v2_send_is_understood(
    signal: responses.RequestsMock,
) -> None:
    server = RestServer(f"{SIGNAL}/v2/send")
    server.send(Message(NUMBER, plain("hello")), RECIPIENT, monotonic() + 5)
    assert signal.calls[0].request.url == f"{SIGNAL}/v2/send"


@pytest.mark.parametrize(
    ("body", "timestamp"),
    [
        ('{"timestamp":"1700000000000"}', "1700000000000"),
        ('[{"timestamp":"1700000000000"}]', "1700000000000"),
        ('{"timestamp":1700000000000}', "1700000000000"),
        ('{"timestamp":"<b>"}', None),
        ("null", None),
        ("[]", None),
        ("<html>", None),
        ('[{"timestamp":"1700000000000","errors":"?"}]', "1700000000000"),
    ],
)
def test_201_is_sent_whatever_its_body(
    body: str, timestamp: str | None, signal: responses.RequestsMock
) -> None:
    found = answering(signal, status=201, body=body)
    assert (found.state, found.timestamp) == (State.SENT, timestamp)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("UNREGISTERED_FAILURE", not_sent("not_on_signal")),
        ("IDENTITY_FAILURE", not_sent("safety_number_changed")),
        ("RATE_LIMIT_FAILURE", not_sent("signal_rate_limited")),
        ("INVALID_PRE_KEY_FAILURE", not_sent("signal_rejected")),
        ("NETWORK_FAILURE", UNKNOWN),
        ("SOMETHING_NEW", UNKNOWN),
        (["NETWORK_FAILURE"], UNKNOWN),
    ],
)
def test_a_201_that_names_the_recipient_did_not_reach_it(
    reason: object, expected: object, signal: responses.RequestsMock
) -> None:
    errors = {"recipients": [{"uuid": "of the recipient", "reason": reason}]}
    body = json.dumps([{"timestamp": "1", "errors": errors}])
    found = answering(signal, status=201, body=body)
    assert (found.state, found.code) == expected


@pytest.mark.parametrize("entry", [{}, {"uuid": "of the recipient"}, "?", None])
def test_a_201_with_an_error_that_has_no_reason_is_unknown(
    entry: object, signal: responses.RequestsMock
) -> None:
    body = json.dumps([{"timestamp": "1", "errors": {"recipients": [entry]}}])
    found = answering(signal, status=201, body=body)
    assert (found.state, found.code) == UNKNOWN


def test_a_201_of_a_group_with_errors_did_not_reach_all(
    signal: responses.RequestsMock,
) -> None:
    recipients = [{"number": "+491", "reason": "UNREGISTERED_FAILURE"}, "?"]
    body = json.dumps([{"timestamp": "1", "errors": {"recipients": recipients}}])
    found = answering(signal, to=GROUP, status=201, body=body)
    assert (found.state, found.timestamp, found.detail) == (
        State.SENT,
        "1",
        "sent, but not to all members of the group",
    )


FAILED = "Failed to send (some) messages:\n"
REPORT = '{"timestamp":1700000000000,"results":[{"recipientAddress":{},"type":"%s"}]}\n'
CAPTCHA = (
    'CAPTCHA proof required for sending to "+491", available options "CAPTCHA" with'
    ' challenge token "tok-1", or wait "86400" seconds.\nTo get the captcha token, go to'
)

TEXTS: list[tuple[str, tuple[State, str | None]]] = [
    # it ended well, and the server says 400 all the same
    ("1700000000000java.lang.Exception: x", SENT),
    ("INFO  AccountHelper - x\n1700000000000\njava.lang.Exception: x\n", SENT),
    ("invalid character 'j' after top-level value", SENT),
    # normal and native, up to 0.100
    (
        FAILED
        + '+491: Unregistered user "+491"\n1700000000000\nFailed to send message\n',
        not_sent("not_on_signal"),
    ),
    (
        FAILED
        + '+491: Network failure for "+491"\n1700000000000\nFailed to send message\n',
        UNKNOWN,
    ),
    (
        FAILED + '+491: Untrusted Identity for "+491"\n1700000000000\n'
        "Failed to send message due to untrusted identities\n",
        not_sent("safety_number_changed"),
    ),
    (
        FAILED + f"+491: {CAPTCHA}\n1700000000000\n"
        "Failed to send message due to rate limiting\n",
        not_sent("signal_rate_limited"),
    ),
    (
        FAILED + '+491: Rate limit failure for "+491", retry after 30 seconds\n'
        "1700000000000\nFailed to send message due to rate limiting\n",
        not_sent("signal_rate_limited"),
    ),
    (
        FAILED + "+491: No prekeys available for x, maybe one of the devices of the"
        " recipient wasn't online for a while.\nFailed to send message\n",
        not_sent("signal_rejected"),
    ),
    # normal and native, later: JSON in the text
    (
        REPORT % "UNREGISTERED_FAILURE" + "Failed to send message\n",
        not_sent("not_on_signal"),
    ),
    (REPORT % "NETWORK_FAILURE" + "Failed to send message\n", UNKNOWN),
    (
        REPORT % "IDENTITY_FAILURE"
        + "Failed to send message due to untrusted identities\n",
        not_sent("safety_number_changed"),
    ),
    (
        REPORT % "RATE_LIMIT_FAILURE" + "Failed to send message due to rate limiting\n",
        not_sent("signal_rate_limited"),
    ),
    (
        REPORT % "INVALID_PRE_KEY_FAILURE" + "Failed to send message\n",
        not_sent("signal_rejected"),
    ),
    # json-rpc
    ("Failed to send message", UNKNOWN),
    (
        "Failed to send message due to untrusted identities",
        not_sent("safety_number_changed"),
    ),
    (
        "Unable to complete request due to untrusted recipient keys",
        not_sent("safety_number_changed"),
    ),
    ("Specified account does not exist", not_sent("sender_not_registered")),
    (
        "Failed to send message: boom (IOException) (UnexpectedErrorException)",
        not_sent("signal_rejected"),
    ),
    (
        "Failed to send message: [429] Rate limit exceeded: 429 (RateLimitException)"
        " (UnexpectedErrorException)",
        not_sent("signal_rate_limited"),
    ),
    # the sender
    ("User +4900 is not registered.\n", not_sent("sender_not_registered")),
    (
        "INFO  SignalAccount - x\nUser +4900 is not registered.\n",
        not_sent("sender_not_registered"),
    ),
    (
        "Invalid account (phone number), make sure you include the country code.\n",
        not_sent("sender_not_registered"),
    ),
    (
        "Error while checking account +49: x: [403] Authorization failed!\n",
        not_sent("sender_not_registered"),
    ),
    (
        "Error while checking account +49: Failed to connect\n",
        not_sent("signal_unreachable"),
    ),
    (
        "Error while checking account +49: signal-cli version is too old for the"
        " Signal-Server, please update. (IOException)\n",
        not_sent("signal_rejected"),
    ),
    # signal-cli is gone or slow
    ("process killed as timeout reached", UNKNOWN),
    (
        "write tcp 127.0.0.1:1->127.0.0.1:6001: use of closed network connection",
        not_sent("signal_unreachable"),
    ),
    (
        "write tcp 127.0.0.1:1->127.0.0.1:6001: broken pipe",
        not_sent("signal_unreachable"),
    ),
    ("read tcp 127.0.0.1:1->127.0.0.1:6001: connection reset by peer", UNKNOWN),
    # the caller
    ("Group not found: YWJj\n", not_sent("invalid_recipient")),
    ("User is not a member in group: x (YWJj)\n", not_sent("invalid_recipient")),
    (
        "User is not allowed to send message to group: x (YWJj)\n",
        not_sent("invalid_recipient"),
    ),
    (
        "Cannot send message to group - please first update your profile.",
        not_sent("invalid_recipient"),
    ),
    ("Invalid identifier group.x", not_sent("invalid_recipient")),
    ("Invalid Signal group size (16", not_sent("invalid_recipient")),
    (
        "Invalid phone number '': No valid characters found.",
        not_sent("invalid_recipient"),
    ),
    (
        "Sending empty message is not allowed, either a message, attachment or sticker"
        " must be given.\n",
        not_sent("no_message"),
    ),
    ("Couldn't process request - invalid request", not_sent("bad_request")),
    ("'view_once' can only be set for image attachments!", not_sent("bad_request")),
    ("illegal base64 data at input byte 3", not_sent("bad_request")),
    ("Quote author parameter is missing", not_sent("bad_request")),
    # before anything is sent
    ("Failed to read local accounts list\n", not_sent("signal_rejected")),
    (
        "Error loading state file for user +4900: /data (Permission denied)"
        " (FileNotFoundException)\n",
        not_sent("signal_rejected"),
    ),
    (
        'exec: "signal-cli-native": executable file not found in $PATH',
        not_sent("signal_rejected"),
    ),
    (
        "fork/exec /usr/bin/signal-cli: cannot allocate memory",
        not_sent("signal_rejected"),
    ),
    ("Error occurred during initialization of VM\nx", not_sent("signal_rejected")),
    ("open /tmp/x.bin: no space left on device", not_sent("signal_rejected")),
    ("Number not registered with JSON-RPC", not_sent("sender_not_registered")),
    ("Failed to send sticker: Sticker pack not found", not_sent("signal_rejected")),
    ("The user +4900 is not registered.", not_sent("signal_rejected")),
    (
        "Failed to send message: Closed unexpectedly (SocketException)",
        not_sent("signal_unreachable"),
    ),
    # nobody knows
    ("something new", UNKNOWN),
    ("no space left on device", UNKNOWN),
    (
        "1631261157648\nFailed to send (some) messages:\n"
        'Network failure for "+4915112345678"\n',
        UNKNOWN,
    ),
    # a line counts only as a whole
    ('Hello, exec: "x": executable file not found in $PATH', UNKNOWN),
    ("a@b Rate limit failure for x: retry after 86400 seconds", UNKNOWN),
    ("he said: Unregistered user", UNKNOWN),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_the_text_of_a_400_tells_what_became_of_the_message(
    text: str,
    expected: tuple[State, str | None],
    signal: responses.RequestsMock,
) -> None:
    found = answering(signal, status=400, json={"error": text})
    assert (found.state, found.code) == expected
    assert "+49" not in found.detail


def test_a_group_got_it_where_only_some_members_are_named(
    signal: responses.RequestsMock,
) -> None:
    text = 'Failed to send (some) messages:+492: Unregistered user "+492"1700000000000'
    found = answering(signal, to=GROUP, status=400, json={"error": text})
    assert (found.state, found.detail) == (
        State.SENT,
        "sent, but not to all members of the group",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Failed to send message: [429] Rate limit exceeded: 429 (RateLimitException)",
        "Failed to send message: boom (IOException) (UnexpectedErrorException)",
        CAPTCHA,
    ],
)
def test_a_group_may_have_got_it_in_part(
    text: str, signal: responses.RequestsMock
) -> None:
    found = answering(signal, to=GROUP, status=400, json={"error": text})
    assert (found.state, found.code) == UNKNOWN


@pytest.mark.parametrize(
    ("answer", "seconds", "urgent"),
    [
        ({"error": "Failed to send message", "challenge_tokens": [""]}, 60, False),
        ({"error": "Failed to send message", "challenge_tokens": ["tok-1"]}, 60, True),
    ],
)
def test_a_429_says_whether_a_person_must_act(
    answer: dict[str, Any],
    seconds: int,
    urgent: bool,
    signal: responses.RequestsMock,
) -> None:
    found = answering(signal, status=429, json=answer)
    assert (found.code, found.retry_after, found.urgent) == (
        "signal_rate_limited",
        seconds,
        urgent,
    )


@pytest.mark.parametrize(
    ("text", "seconds", "urgent"),
    [
        (FAILED + f"+491: {CAPTCHA}\n", 86400, True),
        (
            FAILED + '+491: Rate limit failure for "+491", retry after 30 seconds\n',
            30,
            False,
        ),
        (FAILED + '+491: Rate limit failure for "+491"\n', 60, False),
        (
            FAILED
            + '+491: Rate limit failure for "+491", retry after 999999999 seconds',
            86400,
            False,
        ),
        (
            '{"results":[{"type":"RATE_LIMIT_FAILURE","retryAfterSeconds":30}]}\n',
            30,
            False,
        ),
        (
            '{"results":[{"type":"RATE_LIMIT_FAILURE","token":"t","retryAfterSeconds":0}]}\n',
            1,
            True,
        ),
    ],
)
def test_a_limit_in_a_text_says_when_to_try_again_and_whether_a_person_must_act(
    text: str, seconds: int, urgent: bool, signal: responses.RequestsMock
) -> None:
    found = answering(signal, status=400, json={"error": text})
    assert (found.code, found.retry_after, found.urgent) == (
        "signal_rate_limited",
        seconds,
        urgent,
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, "", not_sent("signal_unreachable")),
        (500, "oops", UNKNOWN),
        (502, "", UNKNOWN),
        (503, "", UNKNOWN),
        (504, "", UNKNOWN),
        (200, "<html>", UNKNOWN),
        (400, "[]", UNKNOWN),
        (400, "[" * 20_000, UNKNOWN),
        (401, "", not_sent("signal_rejected")),
        (404, "404 page not found", not_sent("signal_rejected")),
        (405, "", not_sent("signal_rejected")),
        (429, "", not_sent("signal_rate_limited")),
        (302, "", not_sent("signal_rejected")),
    ],
)
def test_an_answer_without_signal_clis_text_is_read_by_its_status(
    status: int,
    body: str,
    expected: tuple[State, str],
    signal: responses.RequestsMock,
) -> None:
    headers = {"Location": "http://elsewhere.test/"} if status == 302 else {}
    found = answering(signal, status=status, body=body, headers=headers)
    assert (found.state, found.code) == expected
    assert len(signal.calls) == 1


def test_a_limited_group_may_have_got_it_in_part(
    signal: responses.RequestsMock,
) -> None:
    assert answering(signal, to=GROUP, status=429, body="").state is State.UNKNOWN


def refused(request: PreparedRequest) -> Any:
    reason = urllib3.exceptions.NewConnectionError(None, "x")  # type: ignore[arg-type]
    pool = urllib3.HTTPConnectionPool("signal.test")
    error = urllib3.exceptions.MaxRetryError(pool, "/v2/send", reason)
    raise requests.ConnectionError(error)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (requests.ConnectTimeout(), not_sent("signal_unreachable")),
        (requests.ReadTimeout(), UNKNOWN),
        (requests.ConnectionError("reset"), UNKNOWN),
        (requests.ConnectionError(), UNKNOWN),
        (requests.exceptions.SSLError("x"), UNKNOWN),
    ],
)
def test_a_broken_connection_is_unknown_unless_nothing_was_written(
    failure: Exception,
    expected: tuple[State, str],
    signal: responses.RequestsMock,
) -> None:
    found = answering(signal, body=failure)
    assert (found.state, found.code) == expected


def test_a_refused_connection_is_certainly_not_sent(
    signal: responses.RequestsMock,
) -> None:
    signal.remove("POST", f"{SIGNAL}/v2/send")
    signal.add_callback("POST", f"{SIGNAL}/v2/send", callback=refused)
    assert outcome(signal).code == "signal_unreachable"


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
        ({"json": {"mode": ["x"]}}, None),
        ({"json": {}}, None),
        ({"body": "[]"}, None),
        ({"status": 404, "body": "404 page not found"}, None),
        ({"body": requests.ConnectionError()}, None),
    ],
)
def test_the_servers_mode_tells_how_many_at_once_it_stands(
    answer: dict[str, Any], expected: int | None, signal: responses.RequestsMock
) -> None:
    signal.get(f"{SIGNAL}/v1/about", **answer)
    assert RestServer(SIGNAL).concurrency(monotonic() + 5) == expected
