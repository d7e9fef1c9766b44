"""What holds for every answer, whatever was asked and whatever Signal's server said."""

import json
import re
from collections.abc import Sequence
from typing import Any

from werkzeug.datastructures import Headers

from app.errors import KINDS
from app.phone import masked
from tests.conftest import NUMBER, TOKEN
from tests.fuzz.bodies import CODE, PRIVATE
from tests.fuzz.callers import NARROW_TOKEN, WRONG_TOKEN, Call
from tests.fuzz.signal_server import NOT_SENT, SENT, UPSTREAM, Reply

# The contract's but for 500: that is a bug.
STATUSES = {200, 201, 204, 400, 401, 403, 404, 405, 413, 422, 429, 502, 503, 504}
SECRETS = (TOKEN, NARROW_TOKEN, WRONG_TOKEN, CODE, PRIVATE, UPSTREAM)

_CANONICAL = re.compile(
    r"\+[1-9][0-9]{4,14}|group\.[A-Za-z0-9+/]+={0,2}|[a-z_][a-z0-9_]{2,31}\.[0-9]{2,9}"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

Sent = Sequence[tuple[dict[str, Any], Reply]]


def check_answer(call: Call, status: int, headers: Headers, body: bytes) -> None:
    """The status is one of the contract's, and an error tells what it is in the form it promises."""
    assert status in STATUSES, status
    assert headers.get("X-Request-ID"), "no request id"
    method = call.environ["REQUEST_METHOD"]
    assert status not in (200, 204) or method in ("GET", "HEAD"), "no success"
    if method == "HEAD" or status < 400:
        return
    assert body.strip(), "an error without a word"
    assert status != 429 or int(headers["Retry-After"]) > 0
    assert status != 401 or headers["WWW-Authenticate"]
    if call.environ["PATH_INFO"] == "/health/ready" and status == 503:
        return
    assert status != 503 or int(headers["Retry-After"]) > 0
    if headers["Content-Type"] == "application/json":
        told = json.loads(body)
        assert set(told) == {"error", "code", "request_id"}, told
        assert KINDS[told["code"]].status == status, told
        assert told["request_id"] == headers["X-Request-ID"]
    else:
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert len(body.decode().splitlines()) == 1, body


def check_sending(call: Call, sent: Sent, status: int, body: bytes) -> None:
    """What went out was allowed, once for each recipient, and 201 stands for what Signal accepted."""
    assert not sent or call.client, "sent without a token"
    attempts: dict[str, list[str]] = {}
    for document, reply in sent:
        (recipient,) = document["recipients"]
        assert _CANONICAL.fullmatch(recipient), recipient
        assert document["number"] == NUMBER, document["number"]
        assert document["text_mode"] in ("normal", "styled")
        assert call.client != "narrow" or recipient.startswith(("+49", "group."))
        # Of a group, some may have what the server refused.
        is_open = recipient.startswith("group.") and reply.status == 400
        attempts.setdefault(recipient, []).append("" if is_open else reply.means)
    for meanings in attempts.values():
        assert set(meanings[:-1]) <= {NOT_SENT, ""}, "sent again"
    last = {recipient: meanings[-1] for recipient, meanings in attempts.items()}
    assert status == 201 or SENT not in last.values(), (status, last)
    assert status != 504 or set(last.values()) != {NOT_SENT}, last
    if status != 201:
        return
    assert {SENT, ""} & set(last.values()), last
    answer = json.loads(body)
    assert re.fullmatch("[0-9]+", answer["timestamp"]), answer
    entries = answer.get("errors", {}).get("recipients", [])
    assert all(entry["reason"] in KINDS for entry in entries), answer
    named = {str(entry["number"]) for entry in entries}
    for recipient, means in last.items():
        is_named = bool(named & {recipient, masked(recipient)})  # of the configuration
        assert is_named or means in (SENT, ""), (recipient, answer)
        assert not is_named or means != SENT, (recipient, answer)


def check_leaks(answer: str, lines: Sequence[str], recipients: Sequence[str]) -> None:
    """No secret in the answer or the log, no whole recipient in the log, one line for each entry."""
    logged = "\n".join(lines)
    for secret in SECRETS:
        assert secret not in answer, f"{secret} in the answer: {answer}"
        assert secret not in logged, f"{secret} in the log: {logged}"
    for recipient in recipients:
        assert recipient not in logged, f"{recipient} in the log: {logged}"
    for line in lines:
        assert len(line.splitlines()) == 1, line
