"""A caller that keeps a server busy over connections that stay open, and what it saw."""

import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from tests.gateway import TOKEN
from tests.load.processes import cpu_seconds, family

RECIPIENTS = 1000  # in turn, so that the limit for each of them is kept in mind
REQUEST = (
    "POST /v2/send HTTP/1.1\r\nHost: gateway\r\nUser-Agent: authentik@2026.8.0\r\n"
    "Accept-Encoding: gzip, deflate, zstd\r\nAccept: */*\r\nConnection: keep-alive\r\n"
    f"Authorization: Bearer {TOKEN}\r\nContent-Length: %d\r\n"
    "Content-Type: application/json\r\n\r\n"
)
CODE = (
    '{"From": "+4915100000001", "To": "+49 151 1234 %04d", "Body": "482915", "Message":'
    ' "Use this code to authenticate in authentik: 482915"}'
)


@dataclass
class Result:
    """What a round of load showed: seconds for each answer, and how many were not 201."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    def percentile(self, share: float) -> float:
        return percentile(self.latencies, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; NaN if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measured(
    port: int, pid: int, messages: int, callers: int, body: str = CODE
) -> tuple[Result, float]:
    """One round, and the milliseconds of CPU time that each message cost the server."""
    before = cpu_seconds(family(pid))
    result = load(port, messages, callers, body)
    return result, (cpu_seconds(family(pid)) - before) / messages * 1000


def load(port: int, messages: int, callers: int, body: str = CODE) -> Result:
    """``messages`` over ``callers`` connections that each wait for their answer."""
    result, lock = Result(), threading.Lock()
    left = iter(range(messages))
    requests = [
        (REQUEST % len(text) + text).encode()
        for text in _bodies(body, min(messages, RECIPIENTS))
    ]

    def call() -> None:
        latencies, failures = [], 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (number := next(left, None)) is not None:
                started = monotonic()
                connection.sendall(requests[number % RECIPIENTS])
                failures += not _answer(connection).startswith(b"HTTP/1.1 201")
                latencies.append(monotonic() - started)
        with lock:
            result.latencies += latencies
            result.failures += failures

    threads = [threading.Thread(target=call) for _ in range(callers)]
    started = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = monotonic() - started
    return result


def _bodies(body: str, count: int) -> Iterator[str]:
    """The same for other recipients in turn, if the body has room for their number."""
    return (body.replace("%04d", f"{number:04}") for number in range(count))


def _answer(connection: socket.socket) -> bytes:
    """The whole answer; nothing if the connection was closed before."""
    data = b""
    while True:
        received = connection.recv(65536)
        if not received:
            return b""
        data += received
        head, separator, rest = data.partition(b"\r\n\r\n")
        if separator:
            length = head.lower().partition(b"content-length:")[2].split()[0]
            if len(rest) >= int(length):
                return data
