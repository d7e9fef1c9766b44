"""A deploy under load, not one failed request: python -m tests.load.deploy

Two gateways stand behind a real nginx, and one after the other is stopped with TERM and started again,
three times each, with four seconds between one start and the next stop. All the while 16 callers send over
a new connection each time and 16 over one that stays open. A request is counted with what was done last
before its answer. Exits 1 if a goal is missed.
"""

import asyncio
import random
import shutil
import sys
from collections import ChainMap
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import standin
from tests.gateway import free_port, process
from tests.load.calls import Caller, Told, messages
from tests.load.processes import Restartable, Server, machine, served
from tests.load.report import Goals, percentile
from tests.proxies import write_nginx
from tests.standin import Behaviour

CALLERS = 16  # of each kind
DELAY = 0.1  # of Signal
MOST_PAUSE = 0.1  # seconds between a caller's requests
ROUNDS = 3
STEADY = 2.0  # seconds before the first stop
# As it comes, but for `fail_timeout`: after a refused connection nginx leaves an instance out for ten
# seconds, and if the other is stopped within that time, there is none left. It counts whole seconds
# and wants to see a success first, so that one means up to three.
TRUSTED_AGAIN = 4.0
SERVERS = """
upstream gateways {{ {servers} }}
server {{
  listen 127.0.0.1:{port};
  location / {{ proxy_pass http://gateways; }}
}}
"""


@dataclass
class Load:
    """Callers of both kinds, and what each was told after which deed."""

    deed: str = "nothing"
    told: dict[str, dict[str, Told]] = field(default_factory=dict)

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
            ((text, sent),) = messages(1).items()
            told = await caller.call(sent)
            self.told.setdefault(self.deed, {})[text] = told
            if told.status != 201:
                kind = "a kept" if keeps else "a new"
                print(f"  {told.label} over {kind} connection after {self.deed}")
            await asyncio.sleep(random.uniform(0, MOST_PAUSE))
        await caller.close()


Instance = Restartable[Server]


def instance(signal_url: str) -> Instance:
    """A gateway on a port of its own."""
    return Restartable(partial(served, signal_url, PORT=str(free_port())))


@contextmanager
def nginx(*instances: Instance) -> Iterator[int]:
    """nginx before the instances, as the port that it listens on."""
    program = shutil.which("nginx")
    if not program:
        sys.exit("nginx is not installed")
    port = free_port()
    servers = [
        f"server 127.0.0.1:{one.running.port} fail_timeout=1s;" for one in instances
    ]
    with TemporaryDirectory() as folder:
        inside = SERVERS.format(port=port, servers=" ".join(servers))
        path = write_nginx(Path(folder), inside)
        with process([program, "-c", str(path)], port, {}):
            yield port


async def restart(port: int, instances: Sequence[Instance], load: Load) -> None:
    """TERM and a new start for one after the other, three times."""
    async with load.on(port):
        for number in range(1, ROUNDS + 1):
            for name, instance in zip("AB", instances):
                load.deed = f"restart {number} of {name}"
                await asyncio.to_thread(instance.close)
                await asyncio.to_thread(instance.start)
                await asyncio.sleep(TRUSTED_AGAIN)


def main() -> None:
    print(
        f"{machine()}; {CALLERS} callers over new connections and {CALLERS} over kept ones,"
        f" Signal takes {DELAY * 1000:.0f} ms"
    )
    load = Load()
    with standin.running(lambda _: Behaviour(delay=DELAY)) as server:
        with instance(server.url) as first, instance(server.url) as second:
            with nginx(first, second) as port:
                asyncio.run(restart(port, [first, second], load))
    report(load)
    told = dict(ChainMap(*load.told.values()))
    goals = Goals()
    goals.only(["201"], told.values())
    goals.balanced(told, server.books)
    goals.exit()


def report(load: Load) -> None:
    """Print a row for each deed."""
    print(f"\n{'':16} {'requests':>8} {'201':>6} {'p99 ms':>7} {'max ms':>7}")
    for deed, told in load.told.items():
        well = sum(one.status == 201 for one in told.values())
        delays = [one.seconds * 1000 for one in told.values()]
        late = percentile(delays, 0.99)
        print(f"{deed:16} {len(told):8} {well:6} {late:7.0f} {max(delays):7.0f}")


if __name__ == "__main__":
    main()
