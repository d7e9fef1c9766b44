"""The gateway as a process: started as the Procfile does it, and spoken to over HTTP."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Any, TypeVar

import requests

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PROCFILE = dict(re.findall(r"(?m)^(\w+): (.*)", (ROOT / "Procfile").read_text()))
# Below those that systems give to outgoing connections; each once, from a start of this process's own.
_PORTS = iter(range(random.randrange(12_000, 30_000), 32_768))
TOKEN = "e2e-token-0123456789abcdef"
METRICS_TOKEN = "metrics-token-0123456789"
NUMBER = "+4915100000001"


@dataclass
class Gateway:
    """A running gateway; ``output`` is all it has printed so far."""

    process: "subprocess.Popen[str]"
    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def post(
        self, document: object, token: str = TOKEN, path: str = "/v2/send"
    ) -> requests.Response:
        # A connection that stays open would hold the gateway up at its end.
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        return requests.post(
            self.url + path, json=document, headers=headers, timeout=40
        )

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection on which so much was said."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(sent)
        return connection

    def metric(self, sample: str) -> float:
        """What a sample of ``/metrics`` says; 0 if there is none."""
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        text = requests.get(f"{self.url}/metrics", headers=headers, timeout=5).text
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0

    def wait_for(self, pattern: str) -> str:
        """What the pattern matches in the output, once it does."""
        found = until(
            lambda: re.search(pattern, self.output),
            otherwise=lambda: f"no {pattern!r} in the output:\n{self.output}",
        )
        return found[0]


def read(connection: socket.socket) -> bytes:
    """All that still comes over the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def command(kind: str = "web") -> list[str]:
    """The command line of a process type in the Procfile, without the variables that it sets."""
    words = [word for word in PROCFILE[kind].split() if "=" not in word]
    program, *arguments = [word for word in words if word != "exec"]
    return [str(BIN / program), *arguments]


def environment(**variables: str) -> dict[str, str]:
    """An environment without anything of the gateway's but these."""
    kept = os.environ.keys() & {"PATH", "HOME", "LANG"}
    return {**{name: os.environ[name] for name in kept}, **variables}


def run_to_the_end(
    kind: str = "web", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """A start that is expected to fail, or a command that ends by itself."""
    return subprocess.run(
        command(kind), cwd=ROOT, env=environment(**variables),
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def until(
    condition: Callable[[], T | None],
    seconds: float = 10,
    otherwise: Callable[[], str] = lambda: "it did not come to pass",
) -> T:
    """What the condition gives once it holds; a gateway that does not answer may do so later."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(requests.ConnectionError):
            if found := condition():
                return found
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.01)


def until_listening(port: int, process: "subprocess.Popen[Any]") -> None:
    """Wait until somebody listens on the port; the process must not end before."""

    def is_listening() -> bool:
        assert process.poll() is None, f"{process.args!r} did not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(is_listening)


def free_port() -> int:
    """A port that nobody listens on, and that no connection takes meanwhile for its own end."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("all ports are taken")


@contextmanager
def process(
    arguments: Sequence[str],
    port: int,
    variables: Mapping[str, str],
    output: int | IO[str] = DEVNULL,
) -> Iterator[int]:
    """A program that listens on ``port``, as its process id; stopped with TERM at the end."""
    started = subprocess.Popen(
        arguments, cwd=ROOT, env=environment(**variables), stdout=output, stderr=output
    )
    try:
        until_listening(port, started)
        yield started.pid
    finally:
        started.terminate()
        started.wait(40)


@contextmanager
def running(**variables: str) -> Iterator[Gateway]:
    """A gateway that answers; stopped at the end as a platform stops it."""
    bound = re.search(r"--bind 127.0.0.1:(\d+)", variables.get("GUNICORN_CMD_ARGS", ""))
    port = int(bound[1] if bound else variables["PORT"])
    process = subprocess.Popen(
        command(), cwd=ROOT, env=environment(**variables), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    gateway = Gateway(process, port)
    reader = threading.Thread(target=_collect, args=[gateway], daemon=True)
    reader.start()
    try:
        until(lambda: _is_live(gateway))
        yield gateway
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        reader.join()
        if process.stdout:
            process.stdout.close()


def to_send(signal_url: str) -> dict[str, str]:
    """The variables of a gateway that sends by the servers at ``signal_url``."""
    return {
        "SIGNAL_API_URL": signal_url,
        "SIGNAL_NUMBER": NUMBER,
        "API_TOKENS": f"authentik:{TOKEN}",
    }


@contextmanager
def sending(signal_url: str, **variables: str) -> Iterator[Gateway]:
    """A gateway that listens as on a platform and sends."""
    given = {"PORT": str(free_port()), **to_send(signal_url), **variables}
    with running(**given) as gateway:
        yield gateway


def _collect(gateway: Gateway) -> None:
    for line in gateway.process.stdout or ():
        gateway.lines.append(line)


def _is_live(gateway: Gateway) -> bool:
    assert gateway.process.poll() is None, gateway.output
    return bool(requests.get(f"{gateway.url}/health/live", timeout=5))
