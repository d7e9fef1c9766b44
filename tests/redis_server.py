"""A real Redis server for a test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

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
    """The server, if it is installed; where CI runs, it must be."""
    program = shutil.which("redis-server")
    if not program:
        assert "CI" not in os.environ, "redis-server is not installed"
        pytest.skip("redis-server is not installed")
    port = free_port()
    with subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    ) as process:
        wait_for(port)
        yield Redis(process, f"redis://127.0.0.1:{port}")
        process.terminate()


def wait_for(port: int) -> None:
    """Return once somebody listens on the port."""
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on port {port}")
