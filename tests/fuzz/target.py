"""What is fuzzed: one app, and its log."""

import logging
from ipaddress import ip_network
from pathlib import Path

from flask import Flask

from app import create_app
from app.logs import JsonFormatter, TextFormatter
from app.settings import ApiToken
from tests.conftest import ADMIN, TOKEN, settings
from tests.fuzz.bodies import LONGEST
from tests.fuzz.callers import NARROW_TOKEN
from tests.fuzz.signal_server import SERVERS

RULES = """
clients:
  narrow:
    templates: [sms, notification]
    recipients: ["+49*", "group.*"]
    networks: ["127.0.0.0/8", "10.0.0.0/8", "203.0.113.0/24", "::1"]
    limits: {recipient: 1 per minute, client: 2 per minute}
"""


class Lines(logging.Handler):
    """Keeps each line of the log in both of its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        for formatter in (TextFormatter(), JsonFormatter()):
            line = formatter.format(record)
            line.encode()  # as it would be written
            self.found.append(line)


def gateway(folder: Path) -> Flask:
    """An app that sends to two servers, with a client without rules and one with all of them."""
    templates = folder / "templates.yaml"
    templates.write_text(Path("templates.yaml").read_text() + RULES)
    tokens = (ApiToken.of("authentik", TOKEN), ApiToken.of("narrow", NARROW_TOKEN))
    given = settings(
        signal_urls=SERVERS,
        api_tokens=tokens,
        templates_file=templates,
        default_region="DE",
        max_body_bytes=LONGEST,
        trusted_proxies=(ip_network("127.0.0.0/8"),),
        log_level="DEBUG",
    )
    app = create_app(given, {"ADMIN_RECIPIENTS": ADMIN})
    app.testing = True
    return app
