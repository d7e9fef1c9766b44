"""What more of everything costs: python -m tests.load.scaling

More workers, more recipients, longer templates, larger requests. Callers, gateway and Signal's server
share the cores of this machine, so messages a second are what all three can do together; the CPU time
is the gateway's own. Exits 1 if a request was not told 201.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.load.measure import CODE, Result, load, measured
from tests.load.processes import machine, served, signal_server

CALLERS = 64  # for messages a second: enough to keep two workers' threads busy
TO = "+4915112345678"
NO_LIMIT = "clients: {authentik: {limits: {recipient: 1000000 per second}}}\n"
START = "**Your code** is {token}.\n"
LINE = "A line of 25 characters.\n"


@dataclass
class Table:
    """Prints a row for each measurement and counts what failed."""

    failures: int = 0

    def start(self, title: str) -> None:
        print(f"\n{title:34} {'msg/s':>6} {'CPU ms':>7} {'p50 ms':>7} {'p99 ms':>7}")

    def row(self, name: str, found: tuple[Result, float]) -> None:
        result, cpu = found
        self.failures += result.failures
        print(
            f"{name:34} {len(result.latencies) / result.seconds:6.0f} {cpu:7.2f}"
            f" {result.percentile(0.5) * 1000:7.1f} {result.percentile(0.99) * 1000:7.1f}",
            flush=True,
        )


def main() -> None:
    table = Table()
    print(f"{machine()}; CPU ms is of the gateway, for each request")
    workers(table)
    threads(table)
    recipients(table)
    templates(table)
    requests(table)
    print(f"\n{table.failures} requests were not told 201")
    sys.exit(bool(table.failures))


@contextmanager
def gateway(milliseconds: int, **variables: str) -> Iterator[tuple[int, int]]:
    """A gateway that is warm, before a server of Signal's that takes so long for each message."""
    with signal_server(milliseconds) as signal_port:
        with served("wsgi:app", signal_port, **variables) as (port, pid):
            load(port, 300 if milliseconds < 100 else 8, 8)
            yield port, pid


def workers(table: Table) -> None:
    for milliseconds in (0, 50):
        table.start(f"{CALLERS} callers, Signal takes {milliseconds} ms")
        for count in (1, 2, 4):
            with gateway(milliseconds, WEB_CONCURRENCY=str(count)) as (port, pid):
                found = measured(port, pid, 2000, CALLERS)
            table.row(f"  workers: {count}", found)


def threads(table: Table) -> None:
    table.start(f"{CALLERS} callers, Signal takes 500 ms")
    for arguments in ("--threads 8", "--threads 32", "--threads 128"):
        with gateway(500, GUNICORN_CMD_ARGS=arguments) as (port, pid):
            table.row(f"  {arguments}", measured(port, pid, 2 * CALLERS, CALLERS))


def recipients(table: Table) -> None:
    table.start("1 caller, Signal takes 50 ms")
    with gateway(50) as (port, pid):
        for count in (1, 10, 50):
            names = [f"+49151123{number:05}" for number in range(count)]
            body = json.dumps({"recipients": names, "message": "A text"})
            table.row(f"  recipients: {count}", measured(port, pid, 40, 1, body))


def templates(table: Table) -> None:
    table.start("8 callers, Signal takes 0 ms")
    for size, name in ((100, "100 B"), (2_000, "2 kB"), (60_000, "60 kB")):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "templates.yaml"
            text = START + LINE * (size // len(LINE) - 1)
            sms = json.dumps({"sms": {"message": text}})
            path.write_text(f"templates: {sms}\n{NO_LIMIT}")
            with gateway(0, TEMPLATES_FILE=str(path)) as (port, pid):
                table.row(f"  template: {name}", measured(port, pid, 400, 8))


def requests(table: Table) -> None:
    sizes = ((1_000, "1 kB"), (100_000, "100 kB"), (1_000_000, "1 MB"))
    with gateway(0) as (port, pid):
        for size, name in sizes:
            body = json.dumps({"to": TO, "message": "A text. " * (size // 8)})
            found = measured(port, pid, 80, 8, body)
            table.row(f"  request: {name}, a long message", found)
        for size, name in sizes:
            extra = ', "more": ' + json.dumps(["A field."] * (size // 12)) + "}"
            found = measured(port, pid, 80, 8, CODE.removesuffix("}") + extra)
            table.row(f"  request: {name}, more fields", found)


if __name__ == "__main__":
    main()
