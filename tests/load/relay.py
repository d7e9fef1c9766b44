"""The gateway beside a naive relay and beside Apprise: python -m tests.load.relay

All under the same gunicorn settings and against the same stand-in for Signal's server, in turns. Each is
started several times: where a process has its memory is chance, and makes it faster or slower for its
whole life. Apprise is left out where it is not installed. Exits 1 if the goal is missed.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import cycle, islice
from statistics import median
from time import monotonic

from tests.load.calls import Told, in_turns, request
from tests.load.processes import Server, machine, served, signal_server
from tests.load.report import Goals, percentile

MESSAGES = 600
WARM_UP = 500
CALLERS = 8
ROUNDS = 4  # of each start
APPS = {"gateway": "wsgi:app", "naive relay": "tests.load.naive:app"}
if find_spec("apprise"):
    APPS["Apprise"] = "tests.load.apprise_relay:app"
CODES = [
    request(
        {
            "From": "+4915100000001",
            "To": f"+49 151 1234 {number:04}",
            "Body": "482915",
            "Message": "Use this code to authenticate in authentik: 482915",
        }
    )
    for number in range(1000)
]


@dataclass
class Start:
    """What one process did from its start to its end."""

    server: Server
    told: list[Told] = field(default_factory=list)
    seconds: float = 0
    cpu_seconds: float = 0
    memory_mb: float = 0

    def send(self, count: int) -> list[Told]:
        codes = islice(cycle(CODES), count)
        return asyncio.run(in_turns(self.server.port, codes, CALLERS, keeps=True))

    def add_round(self) -> None:
        started, used = monotonic(), self.server.cpu_seconds
        self.told += self.send(MESSAGES)
        self.seconds += monotonic() - started
        self.cpu_seconds += self.server.cpu_seconds - used
        self.memory_mb = self.server.memory_mb

    @property
    def cpu_ms(self) -> float:
        """Of a message."""
        return self.cpu_seconds / len(self.told) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=8)
    count = parser.parse_args().starts
    goals = Goals()
    with signal_server() as signal_url:
        starts = [in_turn(signal_url) for _ in range(count)]
    print(
        f"{machine()}; {count} starts with {ROUNDS} rounds of {MESSAGES} messages,"
        f" {CALLERS} callers\n\n"
        f"{'':12} {'msg/s':>7} {'CPU ms':>7} {'p50 ms':>7} {'p99 ms':>7} {'MB':>5} failed"
    )
    for name in APPS:
        row(name, [start[name] for start in starts])
    for name in [name for name in APPS if name != "gateway"]:
        ratios = [start["gateway"].cpu_ms / start[name].cpu_ms for start in starts]
        print(
            f"\nCPU time a message, gateway / {name}: median {median(ratios):.2f},"
            f" by start {min(ratios):.2f} to {max(ratios):.2f}"
        )
        if name == "naive relay":
            goals.at_most(1.4, "median", median(ratios))
    goals.exit()


def in_turn(signal_url: str) -> dict[str, Start]:
    """Start all servers, and send so many rounds to each, after some messages that do not count."""
    with ExitStack() as stack:
        starts = {
            name: Start(stack.enter_context(served(signal_url, app)))
            for name, app in APPS.items()
        }
        for start in starts.values():
            start.send(WARM_UP)
        for number in range(ROUNDS):
            names = list(starts)
            for name in names if number % 2 else reversed(names):
                starts[name].add_round()
    return starts


def row(name: str, starts: Sequence[Start]) -> None:
    """The median of all starts for each figure."""
    delays = [[one.seconds * 1000 for one in start.told] for start in starts]
    failures = sum(one.status != 201 for start in starts for one in start.told)
    print(
        f"{name:12} {median(len(start.told) / start.seconds for start in starts):7.0f}"
        f" {median(start.cpu_ms for start in starts):7.3f}"
        f" {median(percentile(delay, 0.5) for delay in delays):7.1f}"
        f" {median(percentile(delay, 0.99) for delay in delays):7.1f}"
        f" {median(start.memory_mb for start in starts):5.0f} {failures}"
    )


if __name__ == "__main__":
    main()
