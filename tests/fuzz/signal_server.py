"""Signal's server as the fuzzer plays it: it takes, refuses, breaks off, or talks nonsense."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import responses
from urllib3.exceptions import ProtocolError

from tests.conftest import NUMBER, SIGNAL
from tests.fuzz.draw import Draw
from tests.signal.test_rest import REFUSED, TEXTS

SERVERS = (SIGNAL, "http://second.test:8080")
UPSTREAM = "words-of-signals-server"
SENT, NOT_SENT, UNKNOWN = "sent", "not_sent", "unknown"

# What `requests` may raise, with its argument: anew each time, since an exception keeps its traces.
_UNREACHED: tuple[tuple[type[Exception], Any], ...] = (
    (requests.ConnectTimeout, UPSTREAM),
    (requests.ConnectionError, REFUSED),
)
_BROKEN: tuple[tuple[type[Exception], Any], ...] = (
    (requests.ConnectionError, ProtocolError(UPSTREAM)),
    (requests.ConnectionError, None),
    (requests.ReadTimeout, UPSTREAM),
    (requests.exceptions.SSLError, UPSTREAM),
    (requests.exceptions.ChunkedEncodingError, UPSTREAM),
    (requests.exceptions.InvalidHeader, UPSTREAM),
)


@dataclass(frozen=True)
class Reply:
    """One answer, or a failure of the connection; `means` is empty where only the gateway can tell."""

    status: int = 201
    body: bytes = b'{"timestamp":"1700000000000"}'
    failure: Exception | None = None
    means: str = ""

    def played(self) -> Any:
        has_body = self.status >= 200 and self.status not in (204, 304)
        return self.failure or (self.status, {}, self.body if has_body else b"")


TAKEN = Reply(means=SENT)


@dataclass
class SignalServer:
    """Both servers; which of ``replies`` a recipient gets is the same in any order of sending."""

    replies: Sequence[Reply] = (TAKEN,)
    sent: list[tuple[dict[str, Any], Reply]] = field(default_factory=list)

    def serve(self, fake: responses.RequestsMock) -> None:
        for number, url in enumerate(SERVERS):
            fake.add_callback("POST", f"{url}/v2/send", self._taker(number))
            fake.add_callback("GET", f"{url}/v1/accounts", self._tell)

    def _taker(self, server: int) -> Any:
        def take(request: requests.PreparedRequest) -> Any:
            document = json.loads(request.body or b"")
            chosen = zlib.crc32(str(document.get("recipients")).encode()) + server
            reply = self.replies[chosen % len(self.replies)]
            self.sent.append((document, reply))
            return reply.played()

        return take

    def _tell(self, request: requests.PreparedRequest) -> Any:
        reply = self.replies[0]
        return (200, {}, json.dumps([NUMBER])) if reply == TAKEN else reply.played()


def reply(draw: Draw) -> Reply:
    """Answers with anything in each place are in tests/signal/test_odd_answers.py."""
    kind = draw.up_to(4)
    if kind == 1:
        table, means = draw.of(((_BROKEN, UNKNOWN), (_UNREACHED, NOT_SENT)))
        failure, argument = draw.of(table)
        return Reply(failure=failure(argument), means=means)
    if kind == 2:
        return Reply(100 + draw.up_to(499), draw.raw(40) + UPSTREAM.encode())
    if kind == 3:
        text, (state, _) = draw.of(TEXTS)
        return Reply(400, json.dumps({"error": text}).encode(), means=state.value)
    return TAKEN
