"""Ten times more than can be sent: python -m tests.load.overload

Signal takes half a second for each message, so that two workers with 32 threads each send 128 a
second. 1,280 callers come each second for 15 seconds, whether those before have their answer or not,
each over a connection of its own, and wait up to 30 seconds as authentik does. Then a caller tries
every 100 ms until one is told 201 as fast as on a quiet day. Exits 1 if anybody was told anything else
than 201 or 503 with Retry-After, or if there is no such caller within a minute.
"""

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from time import monotonic

from tests.load.calls import Told, allow_many_connections, call, request
from tests.load.measure import percentile
from tests.load.processes import (
    accepted_by,
    family,
    machine,
    memory_mb,
    served,
    signal_server,
)

RATE = 1280
SECONDS = 15
MILLISECONDS = 500  # of Signal
NORMAL = 2 * MILLISECONDS / 1000  # seconds for an answer on a quiet day, at most
PROBE_SECONDS = 0.1
RECOVERY_SECONDS = 60.0
WARM_UP = 64  # messages before


@dataclass
class Seen:
    """What was seen beside the flood: megabytes of the workers together, and the seconds to recover."""

    before: float = 0
    most: float = 0
    after: float = 0
    recovered: float | None = None
    tried: list[Told] = field(default_factory=list)


def flood(port: int, begin: float) -> list[Told]:
    """All the callers; runs in a process of its own, from ``begin`` on the clock of `monotonic`."""
    allow_many_connections()
    return asyncio.run(_flood(port, begin))


async def _flood(port: int, begin: float) -> list[Told]:
    calls = []
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(begin + number / RATE - monotonic(), 0))
        sent = request(f"+4915112{number:06}", "A text of 20 letters")
        calls.append(asyncio.create_task(call(port, sent)))
    return await asyncio.gather(*calls)


def main() -> None:
    print(
        f"{machine()}; {RATE} callers a second for {SECONDS} s, Signal takes {MILLISECONDS} ms\n"
    )
    with signal_server(MILLISECONDS) as signal_port:
        with served("wsgi:app", signal_port) as (port, master):
            told, seen = asyncio.run(observe(port, master))
        accepted = accepted_by(signal_port)
    table(told)
    totals(told, seen, accepted)
    is_well = all(one.status == 201 or is_refusal(one) for one in told)
    sys.exit(not is_well or seen.recovered is None)


async def observe(port: int, master: int) -> tuple[list[Told], Seen]:
    """The flood, the memory while it lasts, and how long it takes to recover from it."""
    await asyncio.gather(*(call(port, _probe()) for _ in range(WARM_UP)))
    seen = Seen(before=memory_of_workers(master))
    begin = monotonic() + 2
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        flooding = loop.run_in_executor(pool, flood, port, begin)
        watching = asyncio.create_task(watch(master, seen))
        await asyncio.sleep(begin + SECONDS - monotonic())
        await recover(port, seen)
        told = await flooding
        watching.cancel()
    await asyncio.sleep(1)
    seen.after = memory_of_workers(master)
    return told, seen


async def watch(master: int, seen: Seen) -> None:
    while True:
        seen.most = max(seen.most, memory_of_workers(master))
        await asyncio.sleep(0.25)


async def recover(port: int, seen: Seen) -> None:
    """Try every 100 ms until one who tried was told 201 at normal speed; when it began to try."""
    begun, tries = monotonic(), list[asyncio.Task[Told]]()
    while monotonic() - begun < RECOVERY_SECONDS:
        tries.append(asyncio.create_task(call(port, _probe())))
        await asyncio.sleep(PROBE_SECONDS)
        done = [one.result() for one in tries if one.done()]
        well = [one for one in done if one.status == 201 and one.seconds < NORMAL]
        if well:
            seen.recovered = min(one.started for one in well) - begun
            break
    seen.tried = await asyncio.gather(*tries)


def _probe() -> bytes:
    return request("+4915112345678", "A probe")


def memory_of_workers(master: int) -> float:
    return sum(memory_mb(pid) for pid in family(master)[1:])


def is_refusal(one: Told) -> bool:
    return one.status == 503 and one.says_when


def table(told: Sequence[Told]) -> None:
    """A row for each kind of answer."""
    kinds = defaultdict(list)
    for one in told:
        kinds[one.label + ", Retry-After" * is_refusal(one)].append(one.seconds)
    print(f"{'':32} {'callers':>7} {'p50 s':>7} {'p99 s':>7} {'max s':>7}")
    for label, seconds in sorted(kinds.items()):
        print(
            f"{label:32} {len(seconds):7} {percentile(seconds, 0.5):7.3f}"
            f" {percentile(seconds, 0.99):7.3f} {max(seconds):7.3f}"
        )


def totals(told: Sequence[Told], seen: Seen, accepted: int) -> None:
    seconds = max(one.started for one in told) - min(one.started for one in told)
    well = sum(one.status == 201 for one in [*told, *seen.tried]) + WARM_UP
    tried = Counter(one.label for one in seen.tried)
    print(
        f"\n{len(told)} callers came in {seconds:.1f} s; Signal accepted"
        f" {accepted - well} messages of callers who were told something else or had gone"
    )
    print(
        f"MB of the workers: {seen.before:.0f} before, {seen.most:.0f} at most, {seen.after:.0f} after"
    )
    recovered = "not" if seen.recovered is None else f"{seen.recovered:.1f} s"
    print(
        f"back to normal {recovered} after the last of them came"
        f" ({', '.join(f'{count} x {label}' for label, count in tried.items())} until then)"
    )


if __name__ == "__main__":
    main()
