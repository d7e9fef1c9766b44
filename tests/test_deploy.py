"""What a Heroku-like platform takes from this repository: Procfile, requirements.txt and .python-version."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser, SectionProxy
from contextlib import contextmanager
from functools import partial
from importlib.metadata import metadata, requires, version
from pathlib import Path
from signal import SIGTERM

import pytest
import requests
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name as canonical

from tests import gateway, standin
from tests.conftest import ADMIN
from tests.gateway import BIN, NUMBER, ROOT, TOKEN

CODE = {"To": "+4915112345678", "Body": "004821"}
# A connection that stays open holds a worker up for two seconds at its end.
CLOSE = {"Connection": "close"}
# What platforms set beside PORT.
HEROKU = {"WEB_CONCURRENCY": "02", "FORWARDED_ALLOW_IPS": "*"}
RENDER = {
    "FORWARDED_ALLOW_IPS": "*",
    "GUNICORN_CMD_ARGS": "--preload --access-logfile - --bind=0.0.0.0:{port}",
}
PIN = re.compile(
    r"(?P<requirement>[A-Za-z0-9_.-]+==[^\s;]+(?: ; [^\\]+)?)"
    r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


def started(kind: str, **variables: str) -> "subprocess.Popen[str]":
    """A process type of the Procfile, started as a platform does it."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        gateway.PROCFILE[kind], shell=True, start_new_session=True,
        cwd=ROOT, env=gateway.environment(**{"PATH": path, **variables}), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def configuration(signal_url: str = "http://signal:8080") -> dict[str, str]:
    """The variables that an administrator sets on a platform."""
    more = {"ADMIN_RECIPIENTS": ADMIN, "TRUSTED_PROXIES": "10.0.0.0/8"}
    return {**gateway.to_send(signal_url), **more}


@contextmanager
def web(signal_url: str, **more: str) -> Iterator[tuple[str, list[str]]]:
    """The address of the process type web, and at the end what it has printed."""
    port = gateway.free_port()
    given = {name: value.format(port=port) for name, value in more.items()}
    process = started("web", PORT=str(port), **configuration(signal_url), **given)
    printed: list[str] = []
    try:
        gateway.until_listening(port, process)
        yield f"http://127.0.0.1:{port}", printed
    finally:
        os.killpg(process.pid, SIGTERM)  # Heroku tells every process to stop
        printed.append(process.communicate(timeout=40)[0])


@pytest.mark.parametrize("platform", [HEROKU, RENDER])
def test_web_listens_on_port_sends_and_lets_a_request_finish_when_all_processes_stop(
    platform: dict[str, str], tmp_path: Path
) -> None:
    slow = standin.Behaviour(delay=0.5)
    with standin.running(lambda document: slow) as signal, ThreadPoolExecutor() as pool:
        with web(signal.url, TMPDIR=str(tmp_path), **platform) as (url, printed):
            live = requests.get(f"{url}/health/live", headers=CLOSE, timeout=10)
            post = partial(requests.post, headers=CLOSE, auth=(TOKEN, ""), timeout=30)
            waiting = pool.submit(post, f"{url}/v2/send", json=CODE)
            gateway.until(lambda: signal.books.under_way or waiting.done())
            assert not list(tmp_path.glob("signal-gateway-*"))
        answer = waiting.result()
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (answer.status_code, answer.json()) == (201, {"timestamp": "1700000000000"})
    assert [request["number"] for request in signal.books.requests] == [NUMBER]
    assert ('"POST /v2/send" 201' in printed[0]) == (platform is RENDER)
    assert not re.search(f"{TOKEN}|RATE_LIMIT_STORAGE_URI", printed[0])


@pytest.mark.parametrize(
    ("message", "status", "told"),
    [
        ("Code {token}", 0, "templates.yaml are in order."),
        ("Code {token", 1, "templates.yaml, line 1: a brace has no partner."),
    ],
)
def test_release_stops_a_mistake_in_the_templates_and_names_its_line(
    message: str, status: int, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(f"templates: {{sms: {{message: '{message}'}}}}\n")
    release = started("release", **configuration(), TEMPLATES_FILE=str(path))
    assert told in release.communicate(timeout=40)[0]
    assert release.returncode == status


def pinned() -> list[Requirement]:
    """The requirements, of which each has its hashes."""
    text = (ROOT / "requirements.txt").read_text()
    left = [line for line in PIN.sub("", text).splitlines() if line.strip()]
    assert [line for line in left if not line.lstrip().startswith("#")] == []
    return [Requirement(pin["requirement"].strip()) for pin in PIN.finditer(text)]


def installed() -> list[Requirement]:
    """Those that this Python needs, in the version that is installed here."""
    return [pin for pin in pinned() if pin.marker is None or pin.marker.evaluate()]


def setup() -> SectionProxy:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser["options"]


@pytest.mark.parametrize("python", ["3.11.0", "3.13.0"])
def test_what_any_supported_python_needs_is_pinned_within_its_range(
    python: str,
) -> None:
    here = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "extra": "",
    }
    needed = setup()["install_requires"].split("\n")[1:]
    for pin in installed():
        needed += requires(pin.name) or []
    pins = {
        canonical(pin.name): next(iter(pin.specifier)).version
        for pin in pinned()
        if pin.marker is None or pin.marker.evaluate(here)
    }
    assert len(pins) > 10
    for wanted in map(Requirement, needed):
        if wanted.marker is None or wanted.marker.evaluate(here):
            assert pins[canonical(wanted.name)] in wanted.specifier


def test_what_is_pinned_runs_on_the_oldest_python_and_buildpacks_take_one() -> None:
    supported = setup()["python_requires"]
    refused = [
        str(pin)
        for pin in installed()
        if version(pin.name) in pin.specifier
        and f"{supported.removeprefix('>=')}.0"
        not in SpecifierSet(metadata(pin.name).get("Requires-Python") or "")
    ]
    assert refused == []
    chosen = (ROOT / ".python-version").read_text()
    assert re.fullmatch(r"3\.\d+\n", chosen)
    assert chosen.strip() in SpecifierSet(supported)
