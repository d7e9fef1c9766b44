"""A coverage-guided fuzzer over the whole application: ``python -m tests.fuzz.fuzz_gateway --runs 200000``.

Each input becomes up to three requests to one app, and the answers of Signal's servers to them. An
exception or a broken rule ends the run and shows the input.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import atheris
import responses
from flask import Flask
from werkzeug.test import run_wsgi_app

# Libfuzzer's own: an input may have so many bytes, and take so many seconds.
OPTIONS = ["-len_control=0", "-max_len=4096", "-timeout=5", "-handle_int=0"]
RULES = """
clients:
  narrow:
    templates: [sms, notification]
    recipients: ["+49*", "group.*"]
    networks: ["127.0.0.0/8", "10.0.0.0/8", "203.0.113.0/24", "::1"]
    limits: {recipient: 1 per minute, client: 2 per minute}
"""


class Clock:
    """Time that leaps a day between runs, so that each input meets an app that limits nobody yet."""

    def __init__(self) -> None:
        self.ahead = 0.0
        monotonic, wall = time.monotonic, time.time
        time.monotonic = lambda: monotonic() + self.ahead
        time.time = lambda: wall() + self.ahead


CLOCK = Clock()  # before the app takes its functions
with atheris.instrument_imports(include=["app"]):
    from app import create_app
    from app.settings import ApiToken
    from tests.conftest import ADMIN, TOKEN, settings
    from tests.fuzz.bodies import LONGEST
    from tests.fuzz.callers import NARROW_TOKEN, Call, call
    from tests.fuzz.draw import Draw
    from tests.fuzz.invariants import check_answer, check_leaks, check_sending
    from tests.fuzz.signal_server import SERVERS, SignalServer, reply


class Lines(logging.Handler):
    """Keeps each line of the log as it would be written."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self.found: list[str] = []
        self.setFormatter(logger.handlers[0].formatter)
        logger.handlers = [self]

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record).encode().decode())


def gateway(folder: Path, log_format: str) -> Flask:
    """An app that sends to two servers, with a client without rules and one with all of them."""
    templates = folder / "templates.yaml"
    templates.write_text(Path("templates.yaml").read_text() + RULES)
    tokens = (ApiToken.of("authentik", TOKEN), ApiToken.of("narrow", NARROW_TOKEN))
    given = settings(
        signal_api_url=SERVERS, api_tokens=tokens, templates_file=templates, default_region="DE",
        max_body_bytes=LONGEST, trusted_proxies=(ip_network("127.0.0.0/8"),),
        log_level="DEBUG", log_format=log_format,
    )  # fmt: skip
    app = create_app(given, {"ADMIN_RECIPIENTS": ADMIN})
    app.testing = True
    return app


@dataclass
class Fuzzer:
    """Runs inputs and counts what came of them."""

    app: Flask
    server: SignalServer
    fake: responses.RequestsMock
    lines: Lines
    statuses: Counter[int] = field(default_factory=Counter)

    def run(self, data: bytes) -> None:
        CLOCK.ahead += 25 * 3600
        draw = Draw(data)
        self.server.replies = [reply(draw) for _ in range(1 + draw.up_to(2))]
        try:
            for _ in range(1 + draw.up_to(2)):
                self._request(call(draw))
        except Exception:
            short = replace(self.last, body=self.last.body[:2000])
            print(f"input: {data!r}\nrequest: {short}\nbody: {short.body!r}")
            print(f"replies: {self.server.replies}", flush=True)
            raise

    def _request(self, made: Call) -> None:
        self.last = made
        self.lines.found.clear()
        self.server.sent.clear()
        self.fake.calls.reset()  # these and the next would keep all that was ever sent
        for rule in self.fake.registered():
            rule.calls.reset()
        chunks, status_line, headers = run_wsgi_app(self.app, made.wsgi())
        body, status = b"".join(chunks), int(status_line.split()[0])
        self.statuses[status] += 1
        check_answer(made, status, headers, body)
        check_sending(made, self.server.sent, status, body)
        answer = f"{status_line} {headers} {body.decode()}"
        recipients = [document["recipients"][0] for document, _ in self.server.sent]
        check_leaks(answer, self.lines.found, recipients)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-gateway-"))
    app, server = gateway(folder, given.log_format), SignalServer()
    lines = Lines(logging.getLogger("app"))
    options = [f"-atheris_runs={given.runs}", f"-seed={given.seed}", *OPTIONS]
    options.append(f"-artifact_prefix={folder}/")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as fake:
        server.serve(fake)
        fuzzer = Fuzzer(app, server, fake, lines)
        atheris.Setup([sys.argv[0], *options], fuzzer.run)
        try:
            atheris.Fuzz()
        finally:  # it ends by ending the process
            print("answers:", dict(sorted(fuzzer.statuses.items())), flush=True)


if __name__ == "__main__":
    main()
