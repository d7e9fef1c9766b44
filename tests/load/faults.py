"""Trouble on purpose, and a note of each: a worker is killed, gunicorn reloads, Signal's server goes away."""

import asyncio
import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from tests.load.processes import connections_of, family
from tests.standin import Plan, StandIn

DOWN_SECONDS = 3.0


@dataclass(frozen=True)
class Kill:
    """A worker killed at ``moment``, with so many connections in its hands."""

    moment: float
    held: int


@dataclass
class Faults:
    """What was done. Signal's server was down from the first to the second moment of each pair."""

    kills: list[Kill] = field(default_factory=list)
    reloads: list[float] = field(default_factory=list)
    down: list[tuple[float, float]] = field(default_factory=list)


class SignalServer:
    """A stand-in on a thread of its own that can go away and come back, with the same books."""

    def __init__(self, port: int, plan: Plan) -> None:
        self._port = port
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
    """Does the harm to a gateway with this ``master`` process and to its Signal server."""

    port: int
    master: int
    server: SignalServer
    done: Faults = field(default_factory=Faults)

    async def kill(self) -> None:
        """Stop one of the workers, count what it has in its hands, and kill it."""
        worker = random.choice(family(self.master)[1:])
        os.kill(worker, signal.SIGSTOP)
        while _state(worker) not in "TZ":
            sleep(0.001)
        held = connections_of(worker, self.port)
        self.done.kills.append(Kill(monotonic(), held))
        os.kill(worker, signal.SIGKILL)

    async def reload(self) -> None:
        self.done.reloads.append(monotonic())
        os.kill(self.master, signal.SIGHUP)

    async def interrupt(self) -> None:
        """Take Signal's server away for a few seconds."""
        started = monotonic()
        self.server.stop()
        await asyncio.sleep(DOWN_SECONDS)
        self.server.start()
        self.done.down.append((started, monotonic()))


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
