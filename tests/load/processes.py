"""Processes under load: how they are started, who they are and what they cost."""

import json
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from time import sleep
from urllib.request import urlopen

from tests.gateway import NUMBER, ROOT, TOKEN, command, environment, free_port

TICKS = os.sysconf("SC_CLK_TCK")
ESTABLISHED_OR_HALF_CLOSED = ("01", "08")  # in /proc/net/tcp


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def cpu_seconds(pids: Sequence[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def memory_mb(pid: int) -> float:
    """Resident memory, that shared with other processes included; 0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = status.partition("VmRSS:")[2].split()
    return int(found[0]) / 1024 if found else 0


def connections_of(pid: int, port: int) -> int:
    """How many connections to its ``port`` a process has accepted and not closed."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {
        row[9]
        for row in rows
        if row[3] in ESTABLISHED_OR_HALF_CLOSED and row[1].endswith(f":{port:04X}")
    }
    opened = [_target(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(name.removeprefix("socket:").strip("[]") in inodes for name in opened)


def _target(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""  # closed meanwhile


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [
        line.partition(": ")[2] for line in lines if line.startswith("model name")
    ]
    return f"{len(models)} x {models[0]}"


@contextmanager
def process(arguments: list[str], port: int, **variables: str) -> Iterator[int]:
    """A server that listens on ``port``, as its process id; stopped with TERM at the end."""
    running = Popen(
        arguments,
        cwd=ROOT,
        env=environment(**variables),
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        _wait_for(running, port)
        yield running.pid
    finally:
        running.terminate()
        running.wait(40)


def _wait_for(running: "Popen[bytes]", port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if running.poll() is not None:
            break
        sleep(0.02)
    raise SystemExit(f"{running.args!r} did not start")


def _without_limit(folder: str) -> Path:
    """The project's own templates, with a limit that is counted and never met."""
    limit = "\nclients: {authentik: {limits: {recipient: 1000000 per second}}}\n"
    path = Path(folder) / "templates.yaml"
    path.write_text((ROOT / "templates.yaml").read_text() + limit)
    return path


@contextmanager
def served(app: str, signal_port: int, **variables: str) -> Iterator[tuple[int, int]]:
    """``app`` under gunicorn with the gateway's own settings: its port and process id."""
    port = int(variables.get("PORT") or free_port())
    arguments = [app if part == "wsgi:app" else part for part in command()]
    with TemporaryDirectory() as folder:
        given = {
            "PORT": str(port),
            "SIGNAL_API_URL": f"http://127.0.0.1:{signal_port}",
            "SIGNAL_NUMBER": NUMBER,
            "API_TOKENS": f"authentik:{TOKEN}",
            "TEMPLATES_FILE": str(_without_limit(folder)),
            **variables,
        }
        with process(arguments, port, **given) as pid:
            yield port, pid


@contextmanager
def signal_server(milliseconds: int = 0, port: int = 0) -> Iterator[int]:
    """A stand-in for Signal's server that takes so long for each message: its port."""
    port = port or free_port()
    arguments = [sys.executable, "-m", "tests.load.signal_server", str(port)]
    with process([*arguments, str(milliseconds)], port):
        yield port


def accepted_by(signal_port: int) -> int:
    """How many messages a stand-in has accepted."""
    with urlopen(f"http://127.0.0.1:{signal_port}/books", timeout=5) as answer:
        return int(json.load(answer)["accepted"])
