"""The gateway beside a naive relay and beside Apprise: python -m tests.load.relay

All under the same gunicorn settings and against the same stand-in for Signal's server, in turns, so
that what the machine does meanwhile meets each of them. Each is started several times: where a process
has its memory is chance, and makes it faster or slower for its whole life. Apprise is left out where it
is not installed (the extra ``load``).
"""

import argparse
import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.util import find_spec

from tests.load.measure import Result, load, measured
from tests.load.processes import family, machine, memory_mb, served, signal_server

MESSAGES = 600
CALLERS = 8
APPS = {"gateway": "wsgi:app", "naive relay": "tests.load.naive:app"}
if find_spec("apprise"):
    APPS["Apprise"] = "tests.load.apprise_relay:app"

Rounds = dict[str, list[tuple[Result, float]]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    rounds: Rounds = {name: [] for name in APPS}
    memory = dict.fromkeys(APPS, 0.0)
    with signal_server() as signal_port:
        for _ in range(given.starts):
            in_turns(signal_port, given.rounds, rounds, memory)
    print(
        f"{machine()}; {given.starts} starts with {given.rounds} rounds of {MESSAGES} messages,"
        f" {CALLERS} callers\n"
    )
    report(rounds, memory)
    for name in [name for name in rounds if name != "gateway"]:
        compare(rounds, name, given.rounds)


def in_turns(
    signal_port: int, count: int, rounds: Rounds, memory: dict[str, float]
) -> None:
    """Start all servers, and add so many rounds of each, after some messages that do not count."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(served(app, signal_port))
            for name, app in APPS.items()
        }
        for port, _ in servers.values():
            load(port, 500, CALLERS)
        for number in range(count):
            names = list(servers)
            for name in names if number % 2 else reversed(names):
                rounds[name].append(measured(*servers[name], MESSAGES, CALLERS))
        for name, (_, pid) in servers.items():
            largest = max(memory_mb(worker) for worker in family(pid)[1:])
            memory[name] = max(memory[name], largest)


def report(rounds: Rounds, memory: Mapping[str, float]) -> None:
    def median(name: str, figure: Callable[[Result, float], float]) -> float:
        return statistics.median(figure(*entry) for entry in rounds[name])

    print(
        f"{'':12} {'msg/s':>7} {'CPU ms':>7} {'p50 ms':>7} {'p99 ms':>7} {'MB':>5} failed"
    )
    for name in rounds:
        failures = sum(result.failures for result, _ in rounds[name])
        print(
            f"{name:12}"
            f" {median(name, lambda result, _: MESSAGES / result.seconds):7.0f}"
            f" {median(name, lambda _, cpu: cpu):7.3f}"
            f" {median(name, lambda result, _: result.percentile(0.5)) * 1000:7.1f}"
            f" {median(name, lambda result, _: result.percentile(0.99)) * 1000:7.1f}"
            f" {memory[name]:5.0f} {failures}"
        )
    print()


def compare(rounds: Rounds, other: str, count: int) -> None:
    """The ratio of the CPU times of each start's rounds."""

    def by_start(name: str) -> list[float]:
        costs = [cpu for _, cpu in rounds[name]]
        return [
            sum(costs[first : first + count]) for first in range(0, len(costs), count)
        ]

    ratios = [
        ours / theirs for ours, theirs in zip(by_start("gateway"), by_start(other))
    ]
    print(
        f"CPU time a message, gateway / {other + ':':12} median"
        f" {statistics.median(ratios):.2f}, by start {min(ratios):.2f} to {max(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
