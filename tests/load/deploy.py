"""A deploy under load, not one failed request: python -m tests.load.deploy

First one gateway gets HUP three times. Then two of them stand behind a real nginx, and one after the
other is stopped with TERM and started again, three times each, with four seconds between one start
and the next stop. All the while 16 callers send over a new connection each time and 16 over one that
stays open. A request is counted with what was done last before its answer. Exits 1 if a goal is missed.
"""

import asyncio
import os
import random
import signal
from collections import ChainMap
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests import standin
from tests.load.calls import Caller, Told, messages
from tests.load.instances import TRUSTED_AGAIN, Instance, nginx, started
from tests.load.processes import machine
from tests.load.report import Goals, percentile
from tests.standin import Behaviour

CALLERS = 16  # of each kind
DELAY = 0.1  # of Signal
MOST_PAUSE = 0.1  # seconds between a caller's requests
MOST_MESSAGES = 20_000
ROUNDS = 3
STEADY = 2.0  # seconds between one HUP and the next


@dataclass
class Load:
    """Callers of both kinds, and what each was told after which deed."""

    deed: str = "nothing"
    told: dict[str, dict[str, Told]] = field(default_factory=dict)
    sent: Iterator[tuple[str, bytes]] = field(
        default_factory=lambda: iter(messages(MOST_MESSAGES).items())
    )

    @asynccontextmanager
    async def on(self, port: int) -> AsyncIterator[None]:
        """At the end each caller waits for its last answer."""
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for keeps in [False, True] * CALLERS:
                tasks.create_task(self.call_on(port, keeps, is_over))
            await asyncio.sleep(STEADY)
            yield
            is_over.set()

    async def call_on(self, port: int, keeps: bool, is_over: asyncio.Event) -> None:
        caller = Caller(port, keeps)
        while not is_over.is_set():
            text, sent = next(self.sent)
            told = await caller.call(sent)
            self.told.setdefault(self.deed, {})[text] = told
            if told.status != 201:
                kind = "a kept" if keeps else "a new"
                print(f"  {told.label} over {kind} connection after {self.deed}")
            await asyncio.sleep(random.uniform(0, MOST_PAUSE))
        await caller.close()


async def reload(instance: Instance, load: Load) -> None:
    """HUP, three times."""
    async with load.on(instance.port):
        for number in range(1, ROUNDS + 1):
            load.deed = f"HUP {number}"
            os.kill(instance.pid, signal.SIGHUP)
            await asyncio.sleep(STEADY)


async def restart(port: int, instances: Sequence[Instance], load: Load) -> None:
    """TERM and a new start for one after the other, three times."""
    async with load.on(port):
        for number in range(1, ROUNDS + 1):
            for name, instance in zip("AB", instances):
                load.deed = f"restart {number} of {name}"
                await asyncio.to_thread(instance.stop)
                await asyncio.to_thread(instance.start)
                await asyncio.sleep(TRUSTED_AGAIN)


def main() -> None:
    print(
        f"{machine()}; {CALLERS} callers over new connections and {CALLERS} over kept ones,"
        f" Signal takes {DELAY * 1000:.0f} ms"
    )
    goals = Goals()
    with standin.running(lambda _: Behaviour(delay=DELAY)) as server:
        told = one_gateway(server.url) | two_behind_nginx(server.url)
    goals.only(["201"], told.values())
    goals.balanced(told, server.books)
    goals.exit()


def one_gateway(signal_url: str) -> dict[str, Told]:
    load = Load()
    with started(1, signal_url) as instances:
        asyncio.run(reload(instances[0], load))
    return report("one gateway", load)


def two_behind_nginx(signal_url: str) -> dict[str, Told]:
    load = Load()
    with started(2, signal_url) as instances, nginx(instances) as proxy:
        asyncio.run(restart(proxy.port, instances, load))
        for text, count in proxy.complaints().items():
            print(f"  nginx, {count} x: {text}")
    return report("two behind nginx", load)


def report(title: str, load: Load) -> dict[str, Told]:
    """Print a row for each deed; all that was told."""
    print(f"\n{title:18} {'requests':>8} {'201':>6} {'p99 ms':>7} {'max ms':>7}")
    for deed, told in load.told.items():
        well = sum(one.status == 201 for one in told.values())
        delays = [one.seconds * 1000 for one in told.values()]
        late = percentile(delays, 0.99)
        print(f"  {deed:16} {len(told):8} {well:6} {late:7.0f} {max(delays):7.0f}")
    return dict(ChainMap(*load.told.values()))


if __name__ == "__main__":
    main()
