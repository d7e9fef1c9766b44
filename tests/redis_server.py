"""A real Redis server for a test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateway import free_port, until_listening


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
        until_listening(port, process)
        yield server
    finally:
        server.stop()
