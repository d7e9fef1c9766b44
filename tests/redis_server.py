"""A real Redis server for a test."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateway import free_port


@dataclass
class Redis:
    """A running server and its address."""

    process: "subprocess.Popen[bytes]"
    uri: str

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def running(folder: Path) -> Iterator[Redis]:
    """The server, until the end or until it is stopped before."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    server = Redis(process, f"redis://127.0.0.1:{port}")
    try:
        wait_for(port)
        yield server
    finally:
        server.stop()


def wait_for(port: int) -> None:
    """Return once somebody listens on the port."""
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")
