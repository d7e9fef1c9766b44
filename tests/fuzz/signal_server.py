"""Signal's server as the fuzzer plays it: it takes, refuses, breaks off, or talks nonsense."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import responses
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from app.signal.outcome import State
from app.signal.rest import read_answer
from app.signal.signal_cli import TYPES
from app.signal.transport import LONGEST_ANSWER, Answer
from tests.conftest import NUMBER, SIGNAL
from tests.fuzz.draw import Draw
from tests.signal.test_rest import TEXTS

SERVERS = (SIGNAL, "http://second.test:8080")
UPSTREAM = "words-of-signals-server"

_REFUSED = MaxRetryError(
    HTTPConnectionPool("a"), "/", NewConnectionError(HTTPConnection("a"), UPSTREAM)
)
# What `requests` may raise, with its arguments; true for what says for certain that nothing was sent.
_FAILURES: tuple[tuple[type[Exception], tuple[Any, ...], bool], ...] = (
    (requests.ReadTimeout, (UPSTREAM,), False),
    (requests.ConnectTimeout, (UPSTREAM,), True),
    (requests.ConnectionError, (_REFUSED,), True),
    (requests.ConnectionError, (ProtocolError(UPSTREAM),), False),
    (requests.ConnectionError, (), False),
    (requests.exceptions.SSLError, (UPSTREAM,), False),
    (requests.exceptions.ProxyError, (UPSTREAM,), False),
    (requests.exceptions.ChunkedEncodingError, (UPSTREAM,), False),
    (requests.exceptions.ContentDecodingError, (UPSTREAM,), False),
    (requests.exceptions.InvalidURL, (UPSTREAM,), False),
    (requests.exceptions.InvalidHeader, (UPSTREAM,), False),
    (requests.TooManyRedirects, (UPSTREAM,), False),
    (requests.RequestException, (None, 7, UPSTREAM), False),
)
_TIMES = ('"1700000000000"', "1700000000000", "-1", "null", '"<b>"', "[]", "9" * 5000)
_STATUSES = (400, 201, 200, 204, 302, 401, 404, 413, 429, 500, 502, 503)


@dataclass(frozen=True)
class Reply:
    """One answer of the server: a status with a body, or a failure of the connection."""

    status: int = 201
    body: bytes = b'{"timestamp":"1700000000000"}'
    failure: Exception | None = None
    is_certain: bool = False

    @property
    def whole(self) -> bytes:
        """The body as it comes over the wire: HTTP gives these statuses none."""
        is_without = self.status < 200 or self.status in (204, 304)
        return b"" if is_without else self.body

    def state(self, recipient: str) -> State:
        """What the reply means, by the table of the gateway where it does not say it by its status."""
        if self.failure:
            return State.NOT_SENT if self.is_certain else State.UNKNOWN
        body = self.whole if len(self.whole) <= LONGEST_ANSWER else None
        return read_answer(Answer(self.status, body), recipient).state


@dataclass
class SignalServer:
    """Both servers; which of ``replies`` a recipient gets is the same in any order of sending."""

    replies: Sequence[Reply] = (Reply(),)
    sent: list[tuple[dict[str, Any], Reply]] = field(default_factory=list)

    def serve(self, fake: responses.RequestsMock) -> None:
        for number, url in enumerate(SERVERS):
            fake.add_callback("POST", f"{url}/v2/send", self._take(number))
            fake.add_callback("GET", f"{url}/v1/accounts", self._tell)

    def _take(self, server: int) -> Any:
        def take(request: requests.PreparedRequest) -> Any:
            document = json.loads(request.body or b"")
            chosen = zlib.crc32(str(document.get("recipients")).encode()) + server
            reply = self.replies[chosen % len(self.replies)]
            self.sent.append((document, reply))
            return reply.failure or (reply.status, {}, reply.whole)

        return take

    def _tell(self, request: requests.PreparedRequest) -> Any:
        reply = self.replies[0]
        if reply.status == 201 and not reply.failure:
            return 200, {}, json.dumps([NUMBER])
        return reply.failure or (reply.status, {}, reply.whole)


def reply(draw: Draw) -> Reply:
    kind = draw.up_to(7)
    if kind <= 1:
        return Reply()
    if kind == 2:
        return Reply(201, _accepted(draw))
    if kind == 3:
        failure, arguments, is_certain = draw.of(_FAILURES)
        return Reply(failure=failure(*arguments), is_certain=is_certain)
    if kind == 4:
        return Reply(100 + draw.up_to(499), draw.raw(40))
    text = draw.of([text for text, _ in TEXTS])
    if draw.one_in(4):
        text = draw.text(12) + text[draw.up_to(len(text)) :]
    if kind == 5 and draw.one_in(2):
        return Reply(
            draw.of(_STATUSES), draw.of(_NONSENSE) + text.encode("utf-8", "replace")
        )
    document = {"error": f"{text} {UPSTREAM}", "challenge_tokens": draw.of(_TOKENS)}
    return Reply(draw.of(_STATUSES), json.dumps(document).encode())


_TOKENS: tuple[Any, ...] = (None, [], ["tok"], [0], {}, "x", [[]])
_NONSENSE = (b"", b"null", b"[" * 5000, b"\xff\xfe", b"{}", b"x" * (LONGEST_ANSWER + 1))


def _accepted(draw: Draw) -> bytes:
    """A 201 with anything that servers old and new have in it."""
    reasons = [json.dumps(kind) for kind in (*TYPES, "NEW", None, 7, ["a"])]
    names = (
        '"number": "+49151"',
        '"username": null, "uuid": 7',
        '"number": ["\\ud800"]',
    )
    missed = [
        draw.of((f'{{{draw.of(names)}, "reason": {draw.of(reasons)}}}', "7", "{}"))
        for _ in range(draw.up_to(3))
    ]
    errors = draw.of((f'{{"recipients": [{", ".join(missed)}]}}', "[]", '"?"', "null"))
    entry = f'{{"timestamp": {draw.of(_TIMES)}, "errors": {errors}}}'
    return draw.of((f"[{entry}]", entry, "[]", "[7]", "<html>")).encode()
