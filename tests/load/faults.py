"""Trouble on purpose, and a note of each: a worker is killed, gunicorn reloads, Signal's server goes away."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic

from tests import standin
from tests.load.calls import Told
from tests.load.processes import Server
from tests.standin import Books, Plan

DOWN_SECONDS = 3.0
SECOND = 1.0
AT_ONCE = 0.05  # seconds for a process to die


class SignalServer(ExitStack):
    """A stand-in that can go away and come back, with the same books.

    ``close`` breaks all connections and refuses new ones.
    """

    def __init__(self, port: int, plan: Plan) -> None:
        super().__init__()
        self.port, self.plan, self.books = port, plan, Books()
        self.start()

    def start(self) -> None:
        server = standin.running(self.plan, self.port, self.books)
        self.url = self.enter_context(server).url


@dataclass
class Trouble:
    """Does the harm to a gateway and to its Signal server, and keeps a list of it.

    Signal's server was ``down`` from the first to the second moment of each pair.
    """

    gateway: Server
    signal: SignalServer
    kills: list[float] = field(default_factory=list)
    reloads: int = 0
    down: list[tuple[float, float]] = field(default_factory=list)

    async def kill(self) -> None:
        os.kill(random.choice(self.gateway.pids[1:]), signal.SIGKILL)
        self.kills.append(monotonic())

    async def reload(self) -> None:
        self.reloads += 1
        os.kill(self.gateway.pid, signal.SIGHUP)

    async def interrupt(self) -> None:
        """Take Signal's server away for a few seconds."""
        started = monotonic()
        self.signal.close()
        await asyncio.sleep(DOWN_SECONDS)
        self.signal.start()
        self.down.append((started, monotonic()))

    def unexplained(self, told: Mapping[str, Told]) -> Iterator[str]:
        """Each answer that this trouble does not explain."""
        for text, one in told.items():
            if one.status and one.status != 201 and not self._was_down(one):
                yield f"{text}: told {one.label}, and Signal was up"
            if not one.status and not self._was_in_hand(one):
                yield f"{text}: {one.label}, and no worker was killed"

    def _was_in_hand(self, one: Told) -> bool:
        """Whether a worker may have had it when it was killed. Who comes later is answered by the next."""
        return any(
            one.started <= moment + AT_ONCE and moment <= one.ended <= moment + SECOND
            for moment in self.kills
        )

    def _was_down(self, one: Told) -> bool:
        return one.status in (503, 504) and any(
            start <= one.ended and one.started <= end + SECOND
            for start, end in self.down
        )
