"""Callers like authentik: raw HTTP on asyncio, which leaves the cores to the gateway.

`call` opens a connection for its one request and closes it after the answer. A `Line` stays open.
"""

import asyncio
import json
import resource
from dataclasses import dataclass
from time import monotonic

from tests.load.measure import REQUEST

PATIENCE = 30.0  # seconds, authentik's own


@dataclass(frozen=True)
class Told:
    """What a caller was told and when. Without an answer the status is 0 and ``reason`` says why."""

    started: float
    ended: float
    status: int
    head: str = ""
    body: str = ""
    reason: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    @property
    def says_when(self) -> bool:
        return "\r\nretry-after:" in self.head.lower()

    @property
    def label(self) -> str:
        """The answer in two words, to count by."""
        return str(self.status) if self.status else f"no answer: {self.reason}"


def request(to: str, message: str) -> bytes:
    """A text of the caller's own, which no limit for codes counts."""
    body = json.dumps({"to": to, "message": message})
    return (REQUEST % len(body) + body).encode()


class Line(asyncio.Protocol):
    """A connection with at most one request under way; it knows when the other side will close it."""

    is_open = False
    _data = b""
    _answer: "asyncio.Future[bytes] | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    async def ask(self, sent: bytes) -> bytes:
        """The whole answer. Raises `ConnectionError` if there is none."""
        self._data = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, separator, rest = self._data.partition(b"\r\n\r\n")
        if not separator:
            return
        lower = head.lower()
        length = lower.partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0]
        if len(rest) >= int(length):
            self.is_open = b"\r\nconnection: close" not in lower
            self._end(self._data)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        how = "reset" if error else "closed"
        part = " within the answer" if self._data else ""
        self._end(ConnectionError(how + part))

    def _end(self, result: bytes | Exception) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(result, bytes):
            self._answer.set_result(result)
        else:
            self._answer.set_exception(result)

    def close(self) -> None:
        self.is_open = False
        self._transport.close()


async def connect(port: int) -> Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(Line, "127.0.0.1", port)
    return line


async def call(port: int, sent: bytes) -> Told:
    """One request on a connection of its own, closed by the caller after the answer."""
    told, line = await call_on(None, port, sent)
    if line:
        line.close()
    return told


async def call_on(
    line: Line | None, port: int, sent: bytes
) -> tuple[Told, Line | None]:
    """One request on ``line``, or on a new one if that is closed; and the line, to call on again."""
    started = monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            if line is None or not line.is_open:
                line = await connect(port)
            answer = await line.ask(sent)
    except TimeoutError:
        if line:
            line.close()
        return Told(started, monotonic(), 0, reason="none within 30 s"), None
    except ConnectionRefusedError:
        return Told(started, monotonic(), 0, reason="refused"), None
    except OSError as error:
        return Told(started, monotonic(), 0, reason=str(error)), None
    head, _, body = answer.decode().partition("\r\n\r\n")
    return Told(started, monotonic(), int(head.split()[1]), head, body), line


def allow_many_connections() -> None:
    """As many open files as this user may have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
