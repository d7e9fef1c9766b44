"""Processes under load: who they are, what they cost, and a caller that keeps them busy."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import mkdtemp
from time import monotonic, sleep

from tests.gateway import NUMBER, ROOT, TOKEN, command, environment, free_port

RECIPIENTS = 1000  # in turn, so that the limit for each of them is kept in mind
TICKS = os.sysconf("SC_CLK_TCK")
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
        return sorted(self.latencies)[int(len(self.latencies) * share)]


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def cpu_seconds(pids: Sequence[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory_mb(pid: int) -> float:
    """Resident memory, that shared with other processes included."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def process(arguments: list[str], port: int, **variables: str) -> Iterator[int]:
    """A server that listens on ``port``, as its process id."""
    running = Popen(
        arguments,
        cwd=ROOT,
        env=environment(**variables),
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if running.poll() is not None:
                raise SystemExit(f"{arguments} did not start")
            sleep(0.02)
        yield running.pid
    finally:
        running.terminate()
        running.wait(30)


def _without_limit() -> Path:
    """The project's own templates, with a limit that is counted and never met."""
    limit = "\nclients: {authentik: {limits: {recipient: 1000000 per second}}}\n"
    path = Path(mkdtemp()) / "templates.yaml"
    path.write_text((ROOT / "templates.yaml").read_text() + limit)
    return path


@contextmanager
def served(app: str, signal_port: int) -> Iterator[tuple[int, int]]:
    """``app`` under gunicorn with the gateway's own settings: its port and process id."""
    port = free_port()
    arguments = [app if part == "wsgi:app" else part for part in command()]
    variables = {
        "PORT": str(port),
        "SIGNAL_API_URL": f"http://127.0.0.1:{signal_port}",
        "SIGNAL_NUMBER": NUMBER,
        "API_TOKENS": f"authentik:{TOKEN}",
        "TEMPLATES_FILE": str(_without_limit()),
    }
    with process(arguments, port, **variables) as pid:
        yield port, pid


def load(port: int, messages: int, callers: int, body: str = CODE) -> Result:
    """``messages`` over ``callers`` connections that each wait for their answer."""
    result, lock = Result(), threading.Lock()
    left = iter(range(messages))
    requests = [
        (REQUEST % len(text) + text).encode()
        for text in (body % number for number in range(RECIPIENTS))
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


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while True:
        data += connection.recv(65536)
        head, separator, rest = data.partition(b"\r\n\r\n")
        if separator:
            length = head.lower().partition(b"content-length:")[2].split()[0]
            if len(rest) >= int(length):
                return data
