"""A deploy under load, not one failed request: python -m tests.load.deploy

First one gateway gets HUP three times. Then two of them stand behind a real nginx, and one after the
other is stopped with TERM and started again, three times each, with four seconds between one start
and the next stop. All the while 16 callers send over a new connection each time and 16 over one that stays
open. A request is counted with what was done last before its answer. Exits 1 if one was not told 201,
or if Signal accepted another number of them.
"""

import asyncio
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.load.calls import Line, Told, call, call_on, request
from tests.load.instances import TRUSTED_AGAIN, Instance, nginx, started
from tests.load.measure import percentile
from tests.load.processes import accepted_by, machine, signal_server

CALLERS = 16  # of each kind
MILLISECONDS = 100  # of Signal
MOST_PAUSE = 0.1  # seconds between a caller's requests
ROUNDS = 3
STEADY = 2.0  # seconds between one HUP and the next
SENT = request("+4915112345678", "A text of 20 letters")


@dataclass
class Log:
    """What was done and when, and what callers were told over a new connection or a kept one."""

    deeds: list[tuple[float, str]] = field(default_factory=list)
    told: list[tuple[str, Told]] = field(default_factory=list)

    def note(self, deed: str) -> None:
        self.deeds.append((monotonic(), deed))

    def before(self, moment: float) -> tuple[float, str]:
        """The last deed before."""
        return [deed for deed in self.deeds if deed[0] <= moment][-1]


@asynccontextmanager
async def under_load(port: int, log: Log) -> AsyncIterator[None]:
    """Callers of both kinds; at the end each waits for its last answer."""
    is_over = asyncio.Event()
    log.note("nothing")
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS):
            tasks.create_task(caller(port, log, "new", is_over))
            tasks.create_task(caller(port, log, "kept", is_over))
        await asyncio.sleep(STEADY)
        yield
        is_over.set()


async def caller(port: int, log: Log, kind: str, is_over: asyncio.Event) -> None:
    line: Line | None = None
    while not is_over.is_set():
        if kind == "new":
            told = await call(port, SENT)
        else:
            told, line = await call_on(line, port, SENT)
        log.told.append((kind, told))
        await asyncio.sleep(random.uniform(0, MOST_PAUSE))
    if line:
        line.close()


async def reload(instance: Instance, log: Log) -> None:
    """HUP, three times."""
    async with under_load(instance.port, log):
        for number in range(1, ROUNDS + 1):
            log.note(f"HUP {number}")
            os.kill(instance.master, signal.SIGHUP)
            await asyncio.sleep(STEADY)


async def restart(port: int, instances: Sequence[Instance], log: Log) -> None:
    """TERM and a new start for one after the other, three times."""
    async with under_load(port, log):
        for number in range(1, ROUNDS + 1):
            for name, instance in zip("AB", instances):
                log.note(f"restart {number} of {name}")
                await asyncio.to_thread(instance.stop)
                await asyncio.to_thread(instance.start)
                await asyncio.sleep(TRUSTED_AGAIN)


def main() -> None:
    print(
        f"{machine()}; {CALLERS} callers over new connections and {CALLERS} over kept ones,"
        f" Signal takes {MILLISECONDS} ms"
    )
    logs = [Log(), Log()]
    with signal_server(MILLISECONDS) as signal_port:
        with started(1, signal_port) as instances:
            asyncio.run(reload(instances[0], logs[0]))
        table("one gateway", logs[0])
        with started(2, signal_port) as instances, nginx(instances) as proxy:
            asyncio.run(restart(proxy.port, instances, logs[1]))
            complaints = proxy.complaints()
        table("two behind nginx", logs[1])
        accepted = accepted_by(signal_port)
    told = [one for log in logs for _, one in log.told]
    well = sum(one.status == 201 for one in told)
    print(
        f"\n{len(told)} requests, {len(told) - well} failed; {well} told 201, {accepted} accepted by Signal"
    )
    for log in logs:
        failures(log)
    for text, count in complaints.items():
        print(f"  nginx, {count} x: {text}")
    sys.exit(not len(told) == well == accepted)


def table(title: str, log: Log) -> None:
    """A row for each deed."""
    print(
        f"\n{title:18} {'requests':>8} {'201':>6} {'others':>6} {'no answer':>9} {'p99 ms':>7} {'max ms':>7}"
    )
    for deed in log.deeds:
        told = [one for _, one in log.told if log.before(one.ended) == deed]
        well = sum(one.status == 201 for one in told)
        silent = sum(not one.status for one in told)
        seconds = [one.seconds for one in told]
        print(
            f"  {deed[1]:16} {len(told):8} {well:6} {len(told) - well - silent:6} {silent:9}"
            f" {percentile(seconds, 0.99) * 1000:7.0f} {max(seconds) * 1000:7.0f}"
        )


def failures(log: Log) -> None:
    """What failed, over which kind of connection and how long after which deed."""
    found = defaultdict(list)
    for kind, one in log.told:
        if one.status != 201:
            moment, deed = log.before(one.ended)
            case = f"{one.label}, {kind} connection"
            found[case, deed].append((one.ended - moment) * 1000)
    for (case, deed), after in found.items():
        span = f"{min(after):.0f} to {max(after):.0f} ms after"
        print(f"  {len(after)} x {case}, {span} {deed}")


if __name__ == "__main__":
    main()
