"""A reader who types the shell blocks of a document, one after the other, in a copy of the tree.

Addresses, tokens and folders of the examples become real ones. What a block exports and where it goes
holds for the next one, a gateway that it starts goes on running, and what is printed is kept.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from tests import standin
from tests.documentation import elsewhere, programs
from tests.documentation.documents import ROOT, Block
from tests.gateway import NUMBER, TOKEN, free_port
from tests.standin import StandIn

SHELLS = ("sh", "bash")
SECONDS = 30  # for one block
_JUNK = shutil.ignore_patterns(
    ".git", ".venv", ".*cache", "__pycache__", ".hypothesis", ".coverage*", "*.egg-info"
)
_REAL = ("apprise", "flask", "honcho")  # of the interpreter that runs the tests
_FOLDERS = ("etc/nginx/conf.d", "etc/systemd/system", "home", "opt", "srv", "var/lib")
_SERVER = re.compile(r"(127\.0\.0\.1|localhost|signal):8080\b")
_OUTSIDE = re.compile(
    r"(?<![\w.:/}*-])/(?=(etc|home|opt|root|run|srv|usr/local|var)\b)"
)
_STATE = """set -ea
cd "$(cat {folder}/place)"
. {folder}/state
{text}
status=$?
export -p | sed 's,^declare -x ,export ,' > {folder}/state
pwd > {folder}/place
exit $status
"""
_SHIM = """#!{python}
import sys
sys.path.insert(0, "{root}")
from tests.documentation.programs import main
sys.exit(main({name!r}, sys.argv[1:]))
"""
_SUDO = '#!/bin/sh\n[ "$1" = -u ] && shift 2\nexec "$@"\n'


@dataclass
class Reading:
    """What became of the shell blocks of a document: the problem of each that failed, and all output."""

    problems: dict[Block, str] = field(default_factory=dict)
    output: str = ""


def read(blocks: list[Block], folder: Path) -> Reading:
    """Type the shell blocks among ``blocks``."""
    reading = Reading()
    with standin.running() as signal, _sandbox(folder, signal) as sandbox:
        for block in filter(lambda block: block.language in SHELLS, blocks):
            output, problem = sandbox.type(block)
            reading.output += output
            if problem:
                reading.problems[block] = problem
        if sandbox.log.exists():
            reading.output += sandbox.log.read_text()
    return reading


@contextmanager
def _sandbox(folder: Path, signal: StandIn) -> Iterator["Sandbox"]:
    sandbox = Sandbox(folder, signal.url)
    try:
        yield sandbox
    finally:
        sandbox.call("stop")


class Sandbox:
    """A folder with a copy of the tree, the programs of `programs`, and a root for absolute paths."""

    def __init__(self, folder: Path, signal_url: str) -> None:
        self._folder = folder
        self._signal = signal_url.removeprefix("http://")
        self._gateway = f"127.0.0.1:{free_port()}"
        self.log = folder / "gateway.log"
        shutil.copytree(ROOT, folder / "tree", ignore=_JUNK)
        settings = folder / "tree/docs/deploy/environment"
        settings.write_text(_SERVER.sub(self._signal, settings.read_text()))
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True)
        (folder / "home/.curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        (folder / "place").write_text(str(folder / "tree"))
        (folder / "state").write_text("")
        self._make_programs()

    def _make_programs(self) -> None:
        folder = self._folder / "bin"
        folder.mkdir()
        shims = {"sudo": _SUDO}
        for name in {*programs.PROGRAMS, *elsewhere.stand_ins()}:
            shims[name] = _SHIM.format(python=sys.executable, root=ROOT, name=name)
        for name, shim in shims.items():
            (folder / name).write_text(shim)
            (folder / name).chmod(0o755)
        for name in _REAL:
            (folder / name).symlink_to(programs.BIN / name)
        (self._folder / "tree/.venv").mkdir()
        (self._folder / "tree/.venv/bin").symlink_to(folder)

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": f"{self._folder}/home",
            "LANG": "C.UTF-8",
            "SANDBOX": str(self._folder),
            "GATEWAY": self._gateway,
            # Nobody but this machine is spoken to.
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1,localhost",
        }

    def type(self, block: Block) -> tuple[str, str | None]:
        """What the block printed, and the problem if it failed."""
        if _calls_gateway(block.text) and not (self._folder / "gateway.pid").exists():
            self.call("gunicorn", "wsgi:app", **self._ordinary())
        script = self._folder / "script"
        text = self.real(block.text)
        script.write_text(_STATE.format(folder=self._folder, text=text))
        return self._run([block.language, str(script)], self._environment)

    def call(self, *command: str, **variables: str) -> None:
        path = str(self._folder / "bin" / command[0])
        environment = {**self._environment, **variables}
        output, problem = self._run([path, *command[1:]], environment)
        assert not problem, problem

    def _ordinary(self) -> dict[str, str]:
        """For a document that speaks to a gateway without having started one."""
        return {
            "SIGNAL_API_URL": f"http://{self._signal}",
            "SIGNAL_NUMBER": NUMBER,
            "API_TOKENS": f"authentik:{TOKEN}",
            "METRICS_TOKEN": TOKEN,
            "ADMIN_RECIPIENTS": "+4915111111111",
        }

    def _run(
        self, command: list[str], environment: Mapping[str, str]
    ) -> tuple[str, str | None]:
        process = subprocess.Popen(
            command, cwd=self._folder / "tree", env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, SIGKILL)
            output, _ = process.communicate()
            return output, f"goes on after {SECONDS} s. Its output:\n{output}"
        if process.returncode:
            return output, f"ends with {process.returncode}. Its output:\n{output}"
        return output, None

    def real(self, text: str) -> str:
        """``text`` with what exists here in place of the addresses, tokens and folders of the examples."""
        text = re.sub(r"(127\.0\.0\.1|localhost):8880\b", self._gateway, text)
        text = re.sub(
            r"(http|signal)s://(\S+@)?gateway\.example\.com",
            lambda match: f"{match[1]}://{match[2] or ''}{self._gateway}",
            text,
        )
        text = _SERVER.sub(self._signal, text)
        text = re.sub(r"<the token>|(?<![\w$])TOKEN(?![\w=])", self._token, text)
        return _OUTSIDE.sub(f"{self._folder}/", text)

    def _token(self, match: re.Match[str]) -> str:
        """That of the gateway which runs: one it was given, or the one it made for a preview."""
        tokens = self._folder / "tokens"
        given = tokens.read_text() if tokens.exists() else ""
        if given:
            return given.split(",")[0].strip().rpartition(":")[2]
        log = self.log.read_text() if self.log.exists() else ""
        made = re.findall(r"Bearer ([\w-]+)'", log)
        assert made, "no gateway was started that has a token"
        return str(made[-1])


def _calls_gateway(text: str) -> bool:
    is_call = re.search(r"\b(curl|apprise)\b", text) and "gunicorn" not in text
    return bool(is_call and re.search(r":8880|gateway\.example\.com", text))
