"""What a shell block calls instead of some programs.

The gateway is really started, in the background, so that the next line of a document can speak to it.
The others check what they are told and change nothing outside of the sandbox.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_SH, flock
from importlib.util import find_spec
from pathlib import Path
from signal import SIGTERM

from tests.documentation import elsewhere

BIN = Path(sys.executable).parent
SANDBOX = Path(os.environ.get("SANDBOX", "."))
PID, LOG, TOKENS = SANDBOX / "gateway.pid", SANDBOX / "gateway.log", SANDBOX / "tokens"
START_SECONDS = 10.0
LONG = (
    "tests.load.",
    "tests.fuzz.",
)  # these run for minutes, so they need only be there


def gunicorn(arguments: list[str]) -> str | None:
    """Start it in place of one that runs; the problem if it does not serve."""
    stop()
    address = os.environ["GATEWAY"]
    host, _, port = address.partition(":")
    given = " ".join([*arguments, os.environ.get("GUNICORN_CMD_ARGS", "")])
    bind = [] if re.search(r"(^|\s)(-b|--bind)\b", given) else ["--bind", address]
    with LOG.open("ab") as log:
        flock(log, LOCK_SH)  # of all its processes, for `stop`
        process = subprocess.Popen(
            [BIN / "gunicorn", *bind, *arguments], stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    PID.write_text(str(process.pid))
    TOKENS.write_text(_tokens())
    for _ in range(int(START_SECONDS / 0.02)):
        if process.poll() is not None:
            return f"gunicorn ended at its start: {LOG.read_text()}"
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return None
        time.sleep(0.02)
    return f"gunicorn does not serve: {LOG.read_text()}"


def _tokens() -> str:
    path = os.environ.get("API_TOKENS_FILE")
    return Path(path).read_text() if path else os.environ.get("API_TOKENS", "")


def stop(arguments: list[str] | None = None) -> str | None:
    """End the gateway that a document started, and wait until its last process is gone."""
    if PID.exists():
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(int(PID.read_text()), SIGTERM)
        PID.unlink()
        with LOG.open() as log:
            flock(log, LOCK_EX)
    return None


def pip(arguments: list[str]) -> str | None:
    """Nothing is installed, but all that is named must be there."""
    if arguments[:1] != ["install"]:
        return f"pip {arguments[:1]} is not known here"
    words = arguments[1:]
    for position, word in enumerate(words):
        if word.startswith("-"):
            if word.endswith("r") and not Path(words[position + 1]).is_file():
                return f"there is no {words[position + 1]}"
        elif found := re.match(r"\.\[([\w,]+)\]$", word):
            known = Path("setup.cfg").read_text()
            if bad := [x for x in found[1].split(",") if f"\n{x} =\n" not in known]:
                return f"setup.cfg has no extra {bad}"
        elif not words[position - 1].endswith("r") and not _is_installed(word):
            return f"{word} is not installed here, so no test uses it"
    return None


def _is_installed(requirement: str) -> bool:
    if requirement == ".":
        return True
    name = re.split(r"[<>=~\[ ]", requirement)[0]
    question = f"from importlib.metadata import version; version({name!r})"
    asked = [sys.executable, "-c", question]
    return subprocess.run(asked, stderr=subprocess.DEVNULL).returncode == 0


def python(arguments: list[str]) -> str | None:
    """A virtual environment is the one that runs the tests; what takes minutes is not run."""
    if arguments[:2] == ["-m", "venv"]:
        folder = Path(arguments[2])
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "bin").exists():
            (folder / "bin").symlink_to(SANDBOX / "bin")
        return None
    if arguments[:1] == ["-m"] and arguments[1].startswith(LONG):
        return None if find_spec(arguments[1]) else f"there is no {arguments[1]}"
    os.execv(sys.executable, [sys.executable, *arguments])


def pytest(arguments: list[str]) -> str | None:
    """CI runs the README's test command as it stands there; here the tests that are named must exist."""
    for word in arguments:
        path, _, name = word.partition("::")
        if not path.startswith("tests"):
            continue
        if not Path(path).exists() or (
            name and f"def {name}(" not in Path(path).read_text()
        ):
            return f"there is no {word}"
    return None


def git(arguments: list[str]) -> str | None:
    """A clone is a copy of the tree."""
    if arguments[:1] == ["clone"]:
        url, *folder = [word for word in arguments[1:] if not word.startswith("-")]
        name = folder[0] if folder else Path(url).stem
        shutil.copytree(SANDBOX / "tree", name, ignore=shutil.ignore_patterns(".venv"))
        return None
    return other("git", arguments)


def systemctl(arguments: list[str]) -> str | None:
    """No unit is started, but each that is named must be there: one of ours as a document copied it."""
    verb, *units = [word for word in arguments if not word.startswith("-")]
    if verb not in ("daemon-reload", "enable", "reload", "restart", "status"):
        return f"systemctl {verb} is not known here"
    for unit in set(units) - {"nginx"}:
        if not (SANDBOX / f"etc/systemd/system/{unit}.service").is_file():
            return f"there is no {unit}.service"
    return None


def curl(arguments: list[str]) -> str | None:
    """The real one. Nobody here takes a captcha, but both its parts must be there."""
    if any(word.endswith("/rate-limit-challenge") for word in arguments):
        body = json.loads(arguments[arguments.index("-d") + 1])
        is_whole = set(body) == {"challenge_token", "captcha"}
        return None if is_whole else f"this is no captcha: {body}"
    real = shutil.which("curl", path="/usr/local/bin:/usr/bin:/bin")
    assert real, "curl is not installed"
    os.execv(real, ["curl", *arguments])


def other(name: str, arguments: list[str]) -> str | None:
    """A program that is not run: the command must be one of those that are known."""
    line = " ".join([name, *arguments])
    why = elsewhere.reason(line)
    return None if why else f"elsewhere.py does not say why this is not run: {line}"


PROGRAMS = {
    "curl": curl,
    "git": git,
    "gunicorn": gunicorn,
    "pip": pip,
    "pytest": pytest,
    "python": python,
    "python3": python,
    "stop": stop,
    "systemctl": systemctl,
}


def main(name: str, arguments: list[str]) -> str | None:
    """What `sys.exit` takes: None, or the problem."""
    program = PROGRAMS.get(name)
    return program(arguments) if program else other(name, arguments)
