"""The gateway beside a naive relay: python -m tests.load.relay

Both under the same gunicorn settings and against the same stand-in for Signal's server, in turns, so
that what the machine does meanwhile meets both.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from tests.gateway import free_port
from tests.load.measure import (
    Result,
    cpu_seconds,
    family,
    load,
    memory_mb,
    process,
    served,
)

ROUNDS = 40
MESSAGES = 600
CALLERS = 8
APPS = {"gateway": "wsgi:app", "naive relay": "tests.load.naive:app"}


def main() -> None:
    signal_port = free_port()
    standin = [sys.executable, "-m", "tests.standin", str(signal_port)]
    with process(standin, signal_port):
        with served(APPS["gateway"], signal_port) as gateway:
            with served(APPS["naive relay"], signal_port) as naive:
                servers = dict(zip(APPS, (gateway, naive)))
                for port, _ in servers.values():
                    load(port, 500, CALLERS)
                rounds: dict[str, list[tuple[Result, float]]] = {
                    name: [] for name in APPS
                }
                for _ in range(ROUNDS):
                    for name, (port, pid) in servers.items():
                        rounds[name].append(measured(port, pid))
                memory = {
                    name: max(memory_mb(worker) for worker in family(pid)[1:])
                    for name, (_, pid) in servers.items()
                }
    report(rounds, memory)


def measured(port: int, pid: int) -> tuple[Result, float]:
    """One round, and the milliseconds of CPU time that each message cost the server."""
    before = cpu_seconds(family(pid))
    result = load(port, MESSAGES, CALLERS)
    return result, (cpu_seconds(family(pid)) - before) / MESSAGES * 1000


def report(
    rounds: dict[str, list[tuple[Result, float]]], memory: dict[str, float]
) -> None:
    def median(name: str, figure: Callable[[Result, float], float]) -> float:
        return statistics.median(figure(*entry) for entry in rounds[name])

    print(f"{machine()}; {ROUNDS} rounds of {MESSAGES} messages, {CALLERS} callers\n")
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
    ratios = [
        ours / theirs
        for (_, ours), (_, theirs) in zip(rounds["gateway"], rounds["naive relay"])
    ]
    print(
        f"\nCPU time a message, gateway / naive relay: median {statistics.median(ratios):.2f},"
        f" {min(ratios):.2f} to {max(ratios):.2f}"
    )


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [
        line.partition(": ")[2] for line in lines if line.startswith("model name")
    ]
    return f"{len(models)} x {models[0]}"


if __name__ == "__main__":
    main()
