"""The gateway beside a naive relay and beside Apprise: python -m tests.load.relay

All under the same gunicorn settings and against the same stand-in for Signal's server, in turns, so
that what the machine does meanwhile meets each of them. Apprise is left out where it is not installed
(the extra ``load``).
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
    parser.add_argument("--rounds", type=int, default=40)
    count = parser.parse_args().rounds
    with signal_server() as signal_port, ExitStack() as stack:
        servers = {
            name: stack.enter_context(served(app, signal_port))
            for name, app in APPS.items()
        }
        rounds = in_turns(servers, count)
        memory = {
            name: max(memory_mb(worker) for worker in family(pid)[1:])
            for name, (_, pid) in servers.items()
        }
    print(f"{machine()}; {count} rounds of {MESSAGES} messages, {CALLERS} callers\n")
    report(rounds, memory)
    for name in [name for name in rounds if name != "gateway"]:
        compare(rounds, name)


def in_turns(servers: Mapping[str, tuple[int, int]], count: int) -> Rounds:
    """So many rounds for each server, after some messages that do not count."""
    for port, _ in servers.values():
        load(port, 500, CALLERS)
    rounds: Rounds = {name: [] for name in servers}
    for number in range(count):
        names = list(servers)
        for name in names if number % 2 else reversed(names):
            rounds[name].append(measured(*servers[name], MESSAGES, CALLERS))
    return rounds


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


def compare(rounds: Rounds, other: str) -> None:
    """The ratio of each round and the one beside it."""
    ratios = [
        ours / theirs
        for (_, ours), (_, theirs) in zip(rounds["gateway"], rounds[other])
    ]
    print(
        f"CPU time a message, gateway / {other + ':':12} median"
        f" {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
