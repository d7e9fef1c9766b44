"""256 callers at once: python -m tests.load.crowd

All connect and send at the same moment, each over a connection of its own, and Signal takes half a
second for each message. Exits 1 if one of them is not told 201.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

from tests.load.calls import Told, call, request
from tests.load.measure import percentile
from tests.load.processes import machine, served, signal_server

CALLERS = 256
MILLISECONDS = 500
ROUNDS = 5
# gunicorn's log tells which worker answered: its process id and the status.
LOG = "--access-logfile {file} --access-logformat '%(p)s %(s)s'"


def main() -> None:
    told: list[Told] = []
    with TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        with signal_server(MILLISECONDS) as signal_port:
            variables = {"GUNICORN_CMD_ARGS": LOG.format(file=log)}
            with served("wsgi:app", signal_port, **variables) as (port, _):
                print(
                    f"{machine()}; {CALLERS} callers at once, Signal takes {MILLISECONDS} ms\n\n"
                    f"{'round':>5} {'201':>5} {'other':>6} {'p50 s':>6} {'p99 s':>6} {'max s':>6}  by worker"
                )
                asyncio.run(crowd(port, 1))
                for number in range(1, ROUNDS + 1):
                    answered = len(log.read_text().splitlines())
                    found = asyncio.run(crowd(port, CALLERS))
                    sleep(0.2)  # the log is written after the answer
                    report(number, found, log.read_text().splitlines()[answered:])
                    told += found
    failed = Counter(one.label for one in told if one.status != 201)
    for label, count in failed.most_common():
        print(f"{count} x {label}")
    sys.exit(bool(failed))


async def crowd(port: int, callers: int) -> list[Told]:
    requests = [
        request(f"+4915112{number:06}", "A text of 20 letters")
        for number in range(callers)
    ]
    return await asyncio.gather(*(call(port, sent) for sent in requests))


def report(number: int, told: Sequence[Told], log: Sequence[str]) -> None:
    seconds = [one.seconds for one in told]
    well = sum(one.status == 201 for one in told)
    workers = Counter(line.split()[0] for line in log)
    spread = " + ".join(str(count) for _, count in sorted(workers.items()))
    print(
        f"{number:5} {well:5} {len(told) - well:6} {percentile(seconds, 0.5):6.2f}"
        f" {percentile(seconds, 0.99):6.2f} {max(seconds):6.2f}  {spread}"
    )


if __name__ == "__main__":
    main()
