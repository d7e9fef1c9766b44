"""Twenty minutes of steady load and steady trouble: python -m tests.load.soak

Each minute a worker is killed with -9, each two minutes gunicorn gets HUP, and each three minutes
Signal's server is away for a few seconds. ``--length 10`` makes such a minute 10 seconds long, and
``--calm`` leaves the trouble out.

Every message has a text of its own, and at the end each answer is held against the books of Signal's
server: a 201 has exactly one acceptance, a refusal has none, a 504 has at most one, and nothing was
handed over twice. Refusals may come only while Signal's server is away, and without an answer may stay
only callers whose connection a killed worker had in its hands. Exits 1 on a contradiction.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

from tests.gateway import free_port
from tests.load.books import verdict
from tests.load.calls import Told, call, request
from tests.load.faults import SignalServer, Trouble
from tests.load.measure import percentile
from tests.load.processes import family, machine, memory_mb, served
from tests.standin import Behaviour

CALLERS = 16
RATE = 30  # messages a second, of all callers together
LATENCY = 0.1  # of Signal
ANSWERED = Behaviour(delay=LATENCY)
HEAD = (
    f"{'minute':>6} {'requests':>8} {'201':>6} {'503':>4} {'504':>4} {'none':>4}"
    f" {'p50 ms':>6} {'p99 ms':>6}  MB: worker    all master"
)


@dataclass
class Run:
    """So many minutes of ``length`` seconds each, and what was seen in them."""

    trouble: Trouble
    minutes: int
    length: float
    begun: float = field(default_factory=monotonic)
    told: dict[str, Told] = field(default_factory=dict)
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    @property
    def end(self) -> float:
        return self.begun + self.minutes * self.length

    async def go(self, is_calm: bool) -> None:
        """Load and trouble until the time is over and every caller has its answer."""
        self.begun = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(CALLERS):
                tasks.create_task(self.caller(number))
            tasks.create_task(self.every(1 / self.length, 0, self.sample))
            tasks.create_task(self.every(1, 1, self.show))
            if not is_calm:
                tasks.create_task(self.every(1, 0.5, self.trouble.kill))
                tasks.create_task(self.every(2, 1.25, self.trouble.reload))
                tasks.create_task(self.every(3, 1.75, self.trouble.interrupt))
        await self.show()

    async def caller(self, number: int) -> None:
        """Sends at its own steady pace, each time over a new connection."""
        moment = self.begun + number / RATE
        while moment < self.end:
            await asyncio.sleep(moment - monotonic())
            text = f"message {number} at {moment - self.begun:.3f}"
            sent = request(f"+49151123450{number:02}", text)
            self.told[text] = await call(self.trouble.port, sent)
            moment = max(moment + CALLERS / RATE, monotonic())

    async def every(
        self, minutes: float, first: float, act: Callable[[], Awaitable[None]]
    ) -> None:
        moment = self.begun + first * self.length
        while moment < self.end:
            await asyncio.sleep(moment - monotonic())
            await act()
            moment += minutes * self.length

    async def sample(self) -> None:
        master, *workers = [memory_mb(pid) for pid in family(self.trouble.master)]
        self.memory.append((max(workers, default=0), sum(workers), master))

    async def show(self) -> None:
        """The row of the minute that is over: requests by the minute of their answer."""
        self.moments.append(monotonic())
        since = self.moments[-2] if self.moments[:-1] else self.begun
        told = [one for one in self.told.values() if one.ended > since]
        statuses = Counter(one.status for one in told)
        seconds = [one.seconds for one in told if one.status == 201]
        worker, everyone, master = (max(figures) for figures in zip(*self.memory))
        self.memory.clear()
        print(
            f"{len(self.moments):6} {len(told):8} {statuses[201]:6} {statuses[503]:4}"
            f" {statuses[504]:4} {statuses[0]:4} {percentile(seconds, 0.5) * 1000:6.0f}"
            f" {percentile(seconds, 0.99) * 1000:6.0f} {worker:11.0f} {everyone:6.0f} {master:6.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--length", type=float, default=60, help="seconds of a minute")
    parser.add_argument("--calm", action="store_true", help="no trouble")
    given = parser.parse_args()
    signal_port = free_port()
    server = SignalServer(signal_port, lambda document: ANSWERED)
    print(
        f"{machine()}; {RATE} messages/s of {CALLERS} callers, Signal takes"
        f" {LATENCY * 1000:.0f} ms, a minute has {given.length:.0f} s\n\n{HEAD}"
    )
    with served("wsgi:app", signal_port) as (port, master):
        run = Run(Trouble(port, master, server), given.minutes, given.length)
        asyncio.run(run.go(given.calm))
    sys.exit(bool(report(run)))


def report(run: Run) -> int:
    """Print the totals; how many contradictions there are."""
    done, told = run.trouble.done, run.told.values()
    found = verdict(run.told, run.trouble.server.books, done)
    print(
        f"\n{len(told)} requests, {sum(one.status == 201 for one in told)} told 201;"
        f" {len(done.kills)} workers killed with {sum(kill.held for kill in done.kills)}"
        f" connections in their hands, {sum(not one.status for one in told)} callers without an"
        f" answer;\n{len(done.reloads)} times HUP, {len(done.down)} times Signal away:"
        f" {found.lost} lost, {found.double} double, {len(found.contradictions)} contradictions"
    )
    print(
        "\n".join(found.contradictions[:20]), end="\n" if found.contradictions else ""
    )
    return len(found.contradictions)


if __name__ == "__main__":
    main()
