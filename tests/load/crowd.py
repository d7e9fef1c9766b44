"""More callers than Signal can serve at once, each over a connection of its own: python -m tests.load.crowd

256 and 96 at the same moment while Signal takes half a second for each message, 256 while it sends ten a
second, one after the other, and 320 while it never answers; then 200 a second for half a minute while
eight can be sent. Exits 1 if a goal is missed.
"""

import argparse
import asyncio
from functools import partial
from itertools import chain
from time import monotonic

from tests import standin
from tests.gateway import until
from tests.load.calls import Told, at_a_rate, elsewhere, request, send_all
from tests.load.processes import machine, served
from tests.load.report import Goals, percentile, seconds, table
from tests.standin import Behaviour, Plan

DELAY = 0.5
LATE = 60.0  # seconds for Signal to send what it has taken over
DEADLINE = 20  # seconds, the gateway's default
PROBES = 4  # a second
LIVE = [request(path="/health/live")] * DEADLINE * PROBES
WRONG = [request({}, token="wrong-token-0123456789")] * DEADLINE * PROBES
RATE = 200


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="of the first crowds")
    rounds = parser.parse_args().rounds
    goals = Goals()
    print(machine())
    for callers, limit in ((256, 1.8), (96, 0.8)):
        title = f"{callers} at once, Signal takes 500 ms"
        found = crowd(title, goals, callers, lambda _: Behaviour(delay=DELAY), rounds)
        late = max(percentile(seconds(told), 0.99) for told in found)
        goals.at_most(limit, "p99 s of the slowest round", late)
        goals.only(["201"], chain(*found))
    found = crowd("256 at once, Signal sends 10 a second", goals, 256, one_by_one(0.1))
    goals.only(["201", "503 busy"], found[0])
    goals.at_most(DEADLINE + 1, "last answer s", max(seconds(found[0])))
    hang(goals)
    overload(goals)
    goals.exit()


def one_by_one(each: float) -> Plan:
    """A server that handles one message after the other."""
    free = 0.0

    def plan(document: object) -> Behaviour:
        nonlocal free
        free = max(free, monotonic()) + each
        return Behaviour(delay=free - monotonic())

    return plan


def crowd(
    title: str, goals: Goals, callers: int, plan: Plan, rounds: int = 1
) -> list[list[Told]]:
    """What each round was told, of a gateway that has just started."""
    told: dict[str, Told] = {}
    found = []
    with standin.running(plan) as signal, served(signal.url) as gateway:
        for _ in range(rounds):
            latest = elsewhere(partial(send_all, gateway.port, callers))
            found.append(list(latest.values()))
            told |= latest
        memory = gateway.memory_mb
        until(lambda: not signal.books.under_way, LATE)
    table(title, told.values())
    goals.balanced(told, signal.books)
    goals.at_most(1, "start to the first answer s", gateway.start_seconds)
    goals.at_most(80, "MB of all processes together", memory)
    return found


def hang(goals: Goals) -> None:
    """Meanwhile somebody asks for /health/live, and somebody has a wrong token."""
    with standin.running(lambda _: Behaviour(manner="hang")) as signal:
        with served(signal.url) as gateway:
            told, live, wrong = elsewhere(partial(with_probes, gateway.port))
    table("320 at once, Signal hangs", told.values())
    goals.only(["504 signal_timeout", "503 busy"], told.values())
    goals.at_most(DEADLINE + 1, "last answer s", max(seconds(told.values())))
    goals.balanced(told, signal.books)
    for title, labels, probes in (
        ("/health/live", ["200"], live),
        ("a wrong token", ["401 unauthorized", "429 rate_limited"], wrong),
    ):
        table(f"{title} meanwhile", probes)
        goals.only(labels, probes)
        goals.at_most(1, "slowest s", max(seconds(probes)))


async def with_probes(port: int) -> tuple[dict[str, Told], list[Told], list[Told]]:
    return await asyncio.gather(
        send_all(port, 320),
        at_a_rate(port, LIVE, PROBES),
        at_a_rate(port, WRONG, PROBES),
    )


def overload(goals: Goals) -> None:
    """Callers come at their rate, whether those before have their answer or not."""
    with standin.running(lambda _: Behaviour(delay=2)) as signal:
        with served(signal.url, SIGNAL_CONCURRENCY="16") as gateway:
            told = elsewhere(partial(send_all, gateway.port, RATE * 30, RATE))
            until(lambda: not signal.books.under_way)
    table(f"{RATE} a second for 30 s, 8 can be sent", told.values())
    goals.only(["201", "503 busy"], told.values())
    busy = seconds(one for one in told.values() if one.label == "503 busy")
    goals.at_most(1, "slowest busy s", max(busy))
    goals.balanced(told, signal.books)


if __name__ == "__main__":
    main()
