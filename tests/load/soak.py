"""Twenty minutes of steady load and steady trouble: python -m tests.load.soak

Each minute a worker is killed with -9, each two minutes gunicorn gets HUP, and each three minutes
Signal's server is away for a few seconds. ``--length 10`` makes such a minute 10 seconds long.

Every message has a text of its own, and at the end each answer is held against the books of Signal's
server: a 201 has exactly one acceptance, a refusal has none, a 504 has at most one, and nothing was
handed over twice. Refusals may come only while Signal's server is away, and without an answer may stay
only callers who came before a worker was killed. Exits 1 if a goal is missed.
"""

import argparse
import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from tests import standin
from tests.gateway import free_port
from tests.load.calls import Caller, Told, messages
from tests.load.processes import Restartable, Server, machine, served
from tests.load.report import Goals, percentile
from tests.standin import Behaviour, Books, StandIn

RATE = 30  # messages a second
LATENCY = 0.1  # of Signal
DOWN_SECONDS = 3.0
SECOND = 1.0
AT_ONCE = 0.05  # seconds for a process to die


@dataclass
class Trouble:
    """Does the harm to a gateway and to its Signal server, and keeps a list of it.

    Signal's server was ``down`` from the first to the second moment of each pair.
    """

    gateway: Server
    signal: Restartable[StandIn]
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


@dataclass
class Run:
    """So many minutes of ``length`` seconds each, and what was seen in them."""

    trouble: Trouble
    minutes: int
    length: float
    begun: float = 0
    told: dict[str, Told] = field(default_factory=dict)
    shown: float = 0

    async def go(self) -> None:
        """Load and trouble until the time is over and every caller has its answer."""
        calls = messages(int(self.minutes * self.length * RATE)).items()
        self.begun = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, (text, sent) in enumerate(calls):
                tasks.create_task(self.call(self.begun + number / RATE, text, sent))
            tasks.create_task(self.every(1, 1, self.show))
            tasks.create_task(self.every(1, 0.5, self.trouble.kill))
            tasks.create_task(self.every(2, 1.25, self.trouble.reload))
            tasks.create_task(self.every(3, 1.75, self.trouble.interrupt))
        await self.show()

    async def call(self, moment: float, text: str, sent: bytes) -> None:
        await asyncio.sleep(moment - monotonic())
        self.told[text] = await Caller(self.trouble.gateway.port).call(sent)

    async def every(
        self, minutes: float, first: float, act: Callable[[], Awaitable[None]]
    ) -> None:
        moment = self.begun + first * self.length
        while moment < self.begun + self.minutes * self.length:
            await asyncio.sleep(moment - monotonic())
            await act()
            moment += minutes * self.length

    async def show(self) -> None:
        """The row of the minute that is over: requests by the minute of their answer."""
        told = [one for one in self.told.values() if one.ended > self.shown]
        self.shown = monotonic()
        statuses = Counter(one.status for one in told)
        well = [one.seconds * 1000 for one in told if one.status == 201]
        print(
            f"{(self.shown - self.begun) / self.length:6.0f} {len(told):8} {statuses[201]:6}"
            f" {statuses[503]:4} {statuses[504]:4} {statuses[0]:4} {percentile(well, 0.5):6.0f}"
            f" {percentile(well, 0.99):6.0f} {self.trouble.gateway.memory_mb:4.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--length", type=float, default=60, help="seconds of a minute")
    given = parser.parse_args()
    print(
        f"{machine()}; {RATE} messages/s, Signal takes {LATENCY * 1000:.0f} ms,"
        f" a minute has {given.length:.0f} s\n\n{'minute':>6} {'requests':>8} {'201':>6}"
        f" {'503':>4} {'504':>4} {'none':>4} {'p50 ms':>6} {'p99 ms':>6} {'MB':>4}"
    )
    plan, books = (lambda _: Behaviour(delay=LATENCY)), Books()
    with Restartable(partial(standin.running, plan, free_port(), books)) as server:
        with served(server.running.url) as gateway:
            run = Run(Trouble(gateway, server), given.minutes, given.length)
            asyncio.run(run.go())
    report(run.trouble, run.told, books)


def report(trouble: Trouble, told: dict[str, Told], books: Books) -> None:
    silent = sum(not one.status for one in told.values())
    print(
        f"\n{len(told)} requests, {silent} without an answer; {len(trouble.kills)} workers killed,"
        f" {trouble.reloads} times HUP, {len(trouble.down)} times Signal away"
    )
    goals = Goals()
    goals.balanced(told, books)
    goals.none("answers that the trouble does not explain", trouble.unexplained(told))
    goals.exit()


if __name__ == "__main__":
    main()
