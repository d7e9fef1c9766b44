"""What tests share: a fresh app for each test, and a fake of Signal's server at the line of `requests`."""

import atexit
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import responses
from flask.testing import FlaskClient

from app import create_app
from app.settings import ApiToken, Settings

TOKEN = "s3cr3t-gateway-token"
METRICS_TOKEN = "s3cr3t-metrics-token"
NUMBER = "+4915100000001"
ADMIN = "+4915111111111"
SIGNAL = "http://signal.test:8080"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def pytest_configure(config: pytest.Config) -> None:
    """Hide the programs of the system from the default run, so that a missing marker shows."""
    if "not system" in config.getoption("markexpr"):
        os.environ["PATH"] = str(Path(sys.executable).parent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were left out because they need a program of the system."""
    left_out = [
        item
        for item in terminalreporter.stats.get("deselected", [])
        if item.get_closest_marker("system") or item.get_closest_marker("daemon")
    ]
    if left_out:
        terminalreporter.write_line(
            f"{len(left_out)} tests did not run: they need programs that .ci/run installs."
            " To run them: pytest -m 'system or daemon'"
        )


@cache
def templates() -> Path:
    """templates.yaml without its comments, which take most of the time to read it."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    text = Path("templates.yaml").read_text(encoding="utf-8")
    path = Path(folder.name, "templates.yaml")
    path.write_text(re.sub(r"(?m)^ *#.*\n", "", text), encoding="utf-8")
    return path


def settings(**changes: Any) -> Settings:
    """Settings that send, with one client named authentik."""
    given: dict[str, Any] = {
        "signal_api_url": (SIGNAL,),
        "signal_number": NUMBER,
        "signal_concurrency": 32,
        "api_tokens": (ApiToken.of("authentik", TOKEN),),
    }
    return Settings(**{**given, **changes})


def client(environ: dict[str, str] | None = None, **changes: Any) -> FlaskClient:
    """A client of a fresh app, whose bugs come out as exceptions."""
    given = settings(**{"templates_file": templates(), **changes})
    app = create_app(given, environ or {"ADMIN_RECIPIENTS": ADMIN})
    app.testing = True
    return app.test_client()


@pytest.fixture
def signal() -> Iterator[responses.RequestsMock]:
    """Signal's server: it takes every message, unless a test registers something else."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as server:
        server.post(
            f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1700000000000"}
        )
        yield server
