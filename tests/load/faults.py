"""Trouble on purpose, and a note of each: a worker is killed, gunicorn reloads, Signal's server goes away."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from tests.load.calls import Told
from tests.load.processes import Server
from tests.standin import Plan, StandIn

DOWN_SECONDS = 3.0
SECOND = 1.0
ESTABLISHED_OR_HALF_CLOSED = ("01", "08")  # in /proc/net/tcp


class SignalServer:
    """A stand-in on a thread of its own that can go away and come back, with the same books."""

    def __init__(self, port: int, plan: Plan) -> None:
        self._port = port
        self.url = f"http://127.0.0.1:{port}"
        self._standin = StandIn(plan)
        self.books = self._standin.books
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, daemon=True).start()
        self.start()

    def start(self) -> None:
        listening = self._standin.listen(self._port)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()

    def stop(self) -> None:
        """Break all connections and refuse new ones."""
        closing = self._standin.close(self._server)
        asyncio.run_coroutine_threadsafe(closing, self._loop).result()


@dataclass
class Trouble:
    """Does the harm to a gateway and to its Signal server, and keeps a list of it.

    ``kills`` are moments, each with the connections that the worker had in its hands. Signal's server
    was ``down`` from the first to the second moment of each pair.
    """

    gateway: Server
    signal: SignalServer
    kills: list[tuple[float, int]] = field(default_factory=list)
    reloads: int = 0
    down: list[tuple[float, float]] = field(default_factory=list)

    async def kill(self) -> None:
        """Stop one of the workers, count what it has in its hands, and kill it."""
        worker = random.choice(self.gateway.pids[1:])
        os.kill(worker, signal.SIGSTOP)
        while _state(worker) not in "TZ":
            sleep(0.001)
        self.kills.append((monotonic(), _connections(worker, self.gateway.port)))
        os.kill(worker, signal.SIGKILL)

    async def reload(self) -> None:
        self.reloads += 1
        os.kill(self.gateway.pid, signal.SIGHUP)

    async def interrupt(self) -> None:
        """Take Signal's server away for a few seconds."""
        started = monotonic()
        self.signal.stop()
        await asyncio.sleep(DOWN_SECONDS)
        self.signal.start()
        self.down.append((started, monotonic()))

    def unexplained(self, told: Mapping[str, Told]) -> Iterator[str]:
        """Each answer that this trouble does not explain."""
        for text, one in told.items():
            if one.status and one.status != 201 and not self._was_down(one):
                yield f"{text}: told {one.label} while Signal was up"
        silent = [one for one in told.values() if not one.status]
        for moment, held in self.kills:
            lost = [one for one in silent if 0 <= one.ended - moment <= SECOND]
            silent = [one for one in silent if one not in lost]
            if len(lost) > held:
                yield f"{len(lost)} without an answer after a kill, {held} in its hands"
        if silent:
            yield f"{len(silent)} without an answer, and no worker was killed"

    def _was_down(self, one: Told) -> bool:
        return one.status in (503, 504) and any(
            start <= one.ended and one.started <= end + SECOND
            for start, end in self.down
        )


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _connections(pid: int, port: int) -> int:
    """How many connections to its ``port`` a stopped process has accepted and not closed."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {
        row[9]
        for row in rows
        if row[3] in ESTABLISHED_OR_HALF_CLOSED and row[1].endswith(f":{port:04X}")
    }
    opened = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(name.removeprefix("socket:").strip("[]") in inodes for name in opened)
