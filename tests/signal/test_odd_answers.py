"""Whatever JSON a server answers, there is an outcome and no exception: the message may be on its way."""

import json
from contextlib import suppress
from time import monotonic
from typing import Any

import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import KINDS
from app.signal import daemon, rest
from app.signal.outcome import Outcome
from app.signal.transport import Answer, Unusable
from tests.conftest import NUMBER, SIGNAL

RPC = f"{SIGNAL}/api/v1/rpc"
LEAVES = st.sampled_from([
    None, True, 1.5, "", "?", "SUCCESS", "RATE_LIMIT_FAILURE", "NEW", "json-rpc", NUMBER,
    "due to rate limiting", "17", -1, -5, 0, 17, 10**4000,
])  # fmt: skip
ODD = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(), LEAVES)


def shaped(*names: str, **slots: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What a server may answer there, with anything in each place; or anything."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ODD) | slots) | ODD


NAMES = shaped("number", "username", "uuid", "reason")
ENTRY = shaped("type", "token", "retryAfterSeconds", recipientAddress=NAMES)
RESULT = shaped("timestamp", results=st.lists(ENTRY, max_size=3))
ERROR = shaped("code", "message", data=shaped(response=RESULT))
DAEMON = shaped(result=RESULT | st.lists(NAMES, max_size=2), error=ERROR)
SENT = shaped("timestamp", errors=shaped(recipients=st.lists(NAMES, max_size=3)))
ABOUT = shaped("error", "challenge_tokens", "versions", "version", "mode")
REST = SENT | st.lists(SENT, max_size=2) | ABOUT
RECIPIENTS = st.sampled_from(["+4915112345678", "group.YWJj"])


def is_told(outcome: Outcome) -> bool:
    """Whether a caller can be answered with it."""
    seconds, when = outcome.retry_after, outcome.timestamp
    return (
        (outcome.code is None or outcome.code in KINDS)
        and (seconds is None or type(seconds) is int and 0 < seconds <= 24 * 60 * 60)
        and (when is None or when.isdecimal())
    )


@settings(max_examples=500, deadline=None)
@given(DAEMON, RECIPIENTS)
def test_any_answer_of_a_daemon_has_an_outcome(document: Any, to: str) -> None:
    answer = Answer(200, json.dumps(document).encode())
    assert is_told(daemon.read_answer(answer, to))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([200, 201, 400, 429, 500]), REST, RECIPIENTS)
def test_any_answer_of_signal_cli_rest_api_has_an_outcome(
    status: int, document: Any, to: str
) -> None:
    answer = Answer(status, json.dumps(document).encode())
    assert is_told(rest.read_answer(answer, to))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from([200, 404]), DAEMON | REST)
def test_whatever_a_server_tells_of_itself_does_no_harm(
    status: int, document: Any
) -> None:
    with responses.RequestsMock() as server:
        for path in ("/v1/about", "/v1/accounts"):
            server.get(f"{SIGNAL}{path}", status=status, json=document)
        server.post(RPC, status=status, json=document)
        for asked in (rest.RestServer(SIGNAL), daemon.DaemonServer(RPC)):
            deadline = monotonic() + 5
            assert asked.concurrency(deadline) in (None, 1, 96)
            for question in (asked.about, asked.accounts):
                with suppress(Unusable):
                    told = question(deadline)
                    assert isinstance(told, list | None) or len(told) < 100
