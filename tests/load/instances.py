"""Gateways that are stopped and started, and a real nginx before them."""

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.gateway import free_port
from tests.load.processes import process, served
from tests.nginx import write

# As it comes, but for `fail_timeout`: after a refused connection nginx leaves an instance out for ten
# seconds, and if the other is stopped within that time, there is none left. It counts whole seconds
# and wants to see a success first, so that one means up to three.
TRUSTED_AGAIN = 4.0
SERVERS = """
upstream gateways {{
  {servers}
}}
server {{
  listen 127.0.0.1:{port};
  location / {{ proxy_pass http://gateways; }}
}}
"""


class Instance:
    """A gateway on a port of its own, stopped with TERM."""

    def __init__(self, signal_url: str) -> None:
        self._signal_url = signal_url
        self._running = ExitStack()
        self.port = free_port()

    def start(self) -> None:
        gateway = served(self._signal_url, PORT=str(self.port))
        self.pid = self._running.enter_context(gateway).pid

    def stop(self) -> None:
        self._running.close()


@contextmanager
def started(count: int, signal_url: str) -> Iterator[list[Instance]]:
    """So many instances; whichever run at the end are stopped."""
    instances = [Instance(signal_url) for _ in range(count)]
    with ExitStack() as stack:
        for instance in instances:
            instance.start()
            stack.callback(instance.stop)
        yield instances


@dataclass(frozen=True)
class Proxy:
    """A running nginx; its errors are in ``log``."""

    port: int
    log: Path

    def complaints(self) -> Counter[str]:
        """What it says of its servers, but that one took no connection: it has tried the other then."""
        found = re.findall(r"\*\d+ (.*?) while ", self.log.read_text())
        return Counter(text for text in found if "Connection refused" not in text)


@contextmanager
def nginx(instances: Sequence[Instance]) -> Iterator[Proxy]:
    """nginx before the instances."""
    program = shutil.which("nginx")
    if not program:
        sys.exit("nginx is not installed")
    port = free_port()
    servers = [f"server 127.0.0.1:{one.port} fail_timeout=1s;" for one in instances]
    with TemporaryDirectory() as folder:
        inside = SERVERS.format(port=port, servers="\n  ".join(servers))
        path = write(Path(folder), inside)
        with process([program, "-c", str(path)], port):
            yield Proxy(port, Path(folder) / "error.log")
