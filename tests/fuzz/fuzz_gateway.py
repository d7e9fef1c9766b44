"""A coverage-guided fuzzer over the whole application: ``python -m tests.fuzz.fuzz_gateway --runs 200000``.

Each input becomes up to three requests to one app, and the answers of Signal's servers to them. An
exception or a broken rule ends the run and shows the input; with ``--keep-going`` they are collected.
"""

import argparse
import logging
import math
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import atheris
import coverage
import responses
from flask import Flask
from werkzeug.test import run_wsgi_app

from tests.fuzz.clock import Clock

LONGEST_RUN = 2.0  # seconds
LONGEST_INPUT = 4096  # bytes

CLOCK = Clock()  # before the app takes its functions
COVERAGE = coverage.Coverage(
    data_file=None, branch=True, source=["app"], config_file=False
)
COVERAGE.start()
with atheris.instrument_imports(include=["app"]):
    from tests.fuzz.callers import Call, call
    from tests.fuzz.draw import Draw
    from tests.fuzz.invariants import check_answer, check_leaks, check_sending
    from tests.fuzz.signal_server import SignalServer, reply
    from tests.fuzz.target import Lines, gateway


@dataclass
class Fuzzer:
    """Runs inputs and counts what came of them."""

    app: Flask
    server: SignalServer
    fake: responses.RequestsMock
    lines: Lines
    keeps_going: bool
    longest: float
    started: float = field(default_factory=time.perf_counter)
    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def run(self, data: bytes) -> None:
        if time.perf_counter() - self.started > self.longest:
            raise KeyboardInterrupt
        self.runs += 1
        try:
            # Twice at the most: another process may have had the machine for two seconds.
            if self._seconds(data) > LONGEST_RUN and self._seconds(data) > LONGEST_RUN:
                raise AssertionError("the run takes too long")
        except Exception as error:
            self._fail(data, error)

    def _seconds(self, data: bytes) -> float:
        CLOCK.leap()
        started = time.monotonic()
        draw = Draw(data)
        self.server.replies = [reply(draw) for _ in range(1 + draw.up_to(2))]
        for _ in range(1 + draw.up_to(2)):
            self._request(call(draw))
        return time.monotonic() - started

    def _request(self, made: Call) -> None:
        self.last = made
        self.lines.found.clear()
        self.server.sent.clear()
        for calls in (
            self.fake.calls,
            *(rule.calls for rule in self.fake.registered()),
        ):
            calls.reset()  # they would keep all that was ever sent
        chunks, status_line, headers = run_wsgi_app(self.app, made.wsgi())
        body, status = b"".join(chunks), int(status_line.split()[0])
        self.statuses[status] += 1
        sent = self.server.sent
        check_answer(made, status, headers, body)
        check_sending(made, sent, status, body)
        answer = f"{status_line} {headers} {body.decode()}"
        recipients = [document["recipients"][0] for document, _ in sent]
        check_leaks(answer, self.lines.found, recipients)

    def _fail(self, data: bytes, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        words = re.sub("[0-9]+", "#", str(error))[:60]
        place = f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {words}"
        self.failures[place] += 1
        if self.failures[place] > 1 and self.keeps_going:
            return
        traceback.print_exc()
        short = replace(self.last, body=self.last.body[:2000])
        print(f"input: {data!r}\nrequest: {short}\nbody: {short.body!r}")
        print(f"replies: {self.server.replies}", flush=True)
        if not self.keeps_going:
            raise error

    def tell(self) -> None:
        seconds = time.perf_counter() - self.started
        requests = sum(self.statuses.values())
        print(
            f"{self.runs} runs, {self.runs / seconds:.0f} a second; {requests} requests"
        )
        print("answers:", dict(sorted(self.statuses.items())))
        print("failures:", dict(self.failures) or "none", flush=True)

    def tell_coverage(self, corpus: Path) -> None:
        """Run once more, under `coverage`, the inputs that reached something new."""
        self.longest = math.inf
        COVERAGE.start()
        for path in corpus.iterdir():
            self.run(path.read_bytes())
        COVERAGE.stop()
        reached = total = 0
        for name in COVERAGE.get_data().measured_files():
            for exits, taken in COVERAGE.branch_stats(name).values():
                total, reached = total + exits, reached + taken
        print(f"branches of app/ reached: {reached} of {total}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--keep-going", action="store_true")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-gateway-"))
    app, lines, server, corpus = (
        gateway(folder),
        Lines(),
        SignalServer(),
        folder / "corpus",
    )
    COVERAGE.stop()  # of what the start reaches
    logging.getLogger("gateway").handlers = [lines]
    _begin(corpus, given.seed)
    options = [f"-atheris_runs={given.runs}", f"-seed={given.seed}", "-len_control=0"]
    options += [f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={folder}/"]
    options += ["-timeout=30", "-handle_int=0", str(corpus)]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as fake:
        server.serve(fake)
        fuzzer = Fuzzer(app, server, fake, lines, given.keep_going, given.seconds)
        atheris.Setup([sys.argv[0], *options], fuzzer.run)
        try:
            atheris.Fuzz()
        finally:  # it ends by ending the process
            fuzzer.tell()
            fuzzer.tell_coverage(corpus)
            sys.exit(1 if fuzzer.failures else 0)


def _begin(corpus: Path, seed: int) -> None:
    """Inputs to begin with: bytes at random."""
    corpus.mkdir()
    source = random.Random(seed)
    for number in range(200):
        (corpus / str(number)).write_bytes(source.randbytes(source.randrange(2000)))


if __name__ == "__main__":
    main()
