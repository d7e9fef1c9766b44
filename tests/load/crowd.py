"""Callers at the same moment, each over a connection of its own: python -m tests.load.crowd

256 and 96 of them while Signal takes half a second for each message, then 256 while it sends ten a
second, one after the other. Exits 1 if a goal is missed.
"""

import argparse
from functools import partial
from itertools import chain
from time import monotonic

from tests import standin
from tests.gateway import until
from tests.load.calls import Told, elsewhere, send_all
from tests.load.processes import machine, served
from tests.load.report import Goals, percentile, seconds, table
from tests.standin import Behaviour, Plan

DELAY = 0.5
LATE = 60.0  # seconds for Signal to send what it has taken over


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
    goals.at_most(21, "last answer s", max(seconds(found[0])))
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


if __name__ == "__main__":
    main()
