"""Processes under load: how they are started, who they are and what they cost."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

from tests.gateway import command, free_port, process, to_send

T = TypeVar("T")

TICKS = os.sysconf("SC_CLK_TCK")
# What most systems allow a process.
OPEN_FILES = ["/bin/sh", "-c", 'ulimit -n 1024; exec "$@"', "-"]


@dataclass(frozen=True)
class Server:
    """A server under load: its first process, and how long it took to answer."""

    port: int
    pid: int
    start_seconds: float

    @property
    def pids(self) -> list[int]:
        """All its processes, the first before its children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *(int(child) for child in children.split())]

    @property
    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    @property
    def memory_mb(self) -> float:
        """Of all processes together; what they share counts once."""
        return sum(_pss_kb(pid) for pid in self.pids) / 1024


def _pss_kb(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has ended meanwhile
    return int(rollup.partition("\nPss:")[2].split()[0])


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}"


class Restartable(ExitStack, Generic[T]):
    """What ``run`` starts: ``close`` stops it, and ``start`` starts it again."""

    def __init__(self, run: Callable[[], AbstractContextManager[T]]) -> None:
        super().__init__()
        self.run = run
        self.start()

    def start(self) -> None:
        self.running = self.enter_context(self.run())


@contextmanager
def served(signal_url: str, app: str = "wsgi:app", **more: str) -> Iterator[Server]:
    """``app`` as the Procfile starts the gateway, with the project's own templates."""
    port = int(more.get("PORT") or free_port())
    arguments = [app if part == "wsgi:app" else part for part in command()]
    given = {**to_send(signal_url), "PORT": str(port), **more}
    started = monotonic()
    with process([*OPEN_FILES, *arguments], port, given) as pid:
        yield Server(port, pid, _first_answer(port) - started)


def _first_answer(port: int) -> float:
    """The moment in which the server answered, whatever it said."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n")
        connection.recv(1)
        return monotonic()
