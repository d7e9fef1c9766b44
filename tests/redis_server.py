"""A real Redis server for a test."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.gateway import free_port, process


class Redis(ExitStack):
    """A running server and its address."""

    uri: str
    stop = ExitStack.close


@contextmanager
def running(folder: Path) -> Iterator[Redis]:
    """The server, until the end or until it is stopped before."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder)]
    with Redis() as server:
        server.uri = f"redis://127.0.0.1:{port}"
        server.enter_context(process(command, port, {}))
        yield server
