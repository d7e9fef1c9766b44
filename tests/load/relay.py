"""The gateway beside a naive relay and beside Apprise: python -m tests.load.relay

All under the same gunicorn settings and against the same stand-in for Signal's server, in turns. Each is
started several times: where a process has its memory is chance, and makes it faster or slower for its
whole life. Apprise is left out where it is not installed. Exits 1 if the goal is missed.
"""

import argparse
from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

from tests import standin
from tests.load.calls import Told, codes, elsewhere, in_turns
from tests.load.processes import machine, served
from tests.load.report import Goals, percentile, seconds

MESSAGES = 2400
WARM_UP = 500
CALLERS = 8
APPS = {"gateway": "wsgi:app", "naive relay": "tests.load.naive:app"}
if find_spec("apprise"):
    APPS["Apprise"] = "tests.load.apprise_relay:app"


class Figures(NamedTuple):
    """Of one process, from its start to its end."""

    rate: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    failed: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=8, help="of each server")
    goals, failures = Goals(), 0
    count = parser.parse_args().starts
    found: dict[str, list[Figures]] = {name: [] for name in APPS}
    with standin.running() as signal:
        for number in range(count):
            for name in APPS if number % 2 else reversed(APPS):
                found[name].append(measure(APPS[name], signal.url))
    print(
        f"{machine()}; {count} starts, {MESSAGES} messages each, {CALLERS} callers\n\n{'':12}"
        f" {'msg/s':>7} {'CPU ms':>7} {'p50 ms':>7} {'p99 ms':>7} {'MB':>7}"
    )
    for name, starts in found.items():
        *figures, failed = zip(*starts)
        row = " ".join(f"{median(figure):7.4g}" for figure in figures)
        print(f"{name:12} {row}")
        failures += sum(failed)
    goals.at_most(0, "messages that failed", failures)
    for name in list(APPS)[1:]:
        pairs = zip(found["gateway"], found[name])
        ratios = [ours.cpu_ms / theirs.cpu_ms for ours, theirs in pairs]
        print(
            f"CPU time a message, gateway / {name}: median {median(ratios):.2f},"
            f" by start {min(ratios):.2f} to {max(ratios):.2f}"
        )
        if name == "naive relay":
            goals.at_most(1.4, "median", median(ratios))
    goals.exit()


def measure(app: str, signal_url: str) -> Figures:
    """Start a server, and send to it after some messages that do not count."""
    with served(signal_url, app) as server:
        sent = codes(WARM_UP + MESSAGES)
        send(server.port, sent[:WARM_UP])
        used = server.cpu_seconds
        told = send(server.port, sent[WARM_UP:])
        length = max(one.ended for one in told) - min(one.started for one in told)
        return Figures(
            MESSAGES / length,
            (server.cpu_seconds - used) / MESSAGES * 1000,
            percentile(seconds(told), 0.5) * 1000,
            percentile(seconds(told), 0.99) * 1000,
            server.memory_mb,
            sum(one.status != 201 for one in told),
        )


def send(port: int, sent: Iterable[bytes]) -> list[Told]:
    return elsewhere(partial(in_turns, port, sent, CALLERS, keeps=True))


if __name__ == "__main__":
    main()
