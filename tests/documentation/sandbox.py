"""A reader who types the shell blocks of a document, one after the other, in a copy of the tree.

Addresses, tokens and folders of the examples become real ones. What a block exports and where it goes
holds for the next one, a gateway that it starts goes on running, and what is printed is kept.
"""

import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tests import standin
from tests.documentation.documents import ROOT, Block
from tests.gateway import BIN, free_port

HERE = Path(__file__).parent
ELSEWHERE: dict[str, str] = yaml.safe_load((HERE / "elsewhere.yaml").read_text())
SHELLS = {"sh": ["sh"], "bash": ["bash", "-o", "pipefail"]}
# What is run as it is. Beside it there are the stand-ins in bin/ and what elsewhere.yaml names.
SYSTEM = "basename bash cat cp env install ln mkdir openssl rm sed sh sleep tee xargs"
PYTHON = "apprise flask"
WHAT_TO_DO = (
    "A program that is not found needs a place in SYSTEM of sandbox.py if it may be run, or a line in"
    " elsewhere.yaml that says why it is not."
)
START = Block(  # for a document that speaks to a gateway without having started one
    "", 0, "sh",
    "SIGNAL_API_URL=http://127.0.0.1:8080 SIGNAL_NUMBER=+4915100000001 API_TOKENS=authentik:0123456789abcdef"
    " METRICS_TOKEN=0123456789abcdef ADMIN_RECIPIENTS=+4915111111111 gunicorn wsgi:app",
)  # fmt: skip
STOP = Block("", 0, "sh", "stop")
_FOLDERS = "etc/nginx/conf.d etc/systemd/system home opt/signal-cli var"
_JUNK = shutil.ignore_patterns(".git", ".venv", ".*cache", "__pycache__", ".hypothesis")
_SERVER = re.compile(r"(127\.0\.0\.1|localhost|signal):8080\b")
_SCRIPT = """set -ea
cd "$(cat {folder}/place)"
. {folder}/state
{text}
status=$?
export -p | sed 's,^declare -x ,export ,' > {folder}/state
pwd > {folder}/place
exit $status
"""
Typed = tuple[dict[Block, str], str]


def read(blocks: list[Block], folder: Path) -> Typed:
    """Type the shell blocks: the problem of each, empty if there is none, and all output."""
    shells = [block for block in blocks if block.language in SHELLS]
    with standin.running() as signal:
        sandbox = Sandbox(folder, signal.url.removeprefix("http://"))
        try:
            assert not (problem := sandbox.type(START)), problem
            problems = {block: sandbox.type(block) for block in shells}
        finally:
            sandbox.type(STOP)
    return problems, sandbox.output + sandbox.log


class Sandbox:
    """A folder with a copy of the tree, its own programs, and a root for absolute paths."""

    def __init__(self, folder: Path, signal: str) -> None:
        self.output = ""
        self._folder, self._signal = folder, signal
        self._gateway = f"127.0.0.1:{free_port()}"
        for name in _FOLDERS.split():
            (folder / name).mkdir(parents=True)
        for name in ("tree", "clone"):
            shutil.copytree(ROOT, folder / name, ignore=_JUNK)
            settings = folder / name / "docs/deploy/environment"
            settings.write_text(_SERVER.sub(signal, settings.read_text()))
        self._make_programs()
        (folder / "home/.curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        (folder / "place").write_text(str(folder / "tree"))
        for name in ("state", "tokens", "gateway.log"):
            (folder / name).touch()

    def _make_programs(self) -> None:
        programs = self._folder / "bin"
        shutil.copytree(HERE / "bin", programs)
        targets = {name: shutil.which(name) or "/missing" for name in SYSTEM.split()}
        targets |= {name: str(BIN / name) for name in PYTHON.split()}
        targets |= {pattern.split()[0]: "elsewhere" for pattern in ELSEWHERE}
        for name in targets.keys() - {path.name for path in programs.iterdir()}:
            (programs / name).symlink_to(targets[name])
        (self._folder / "tree/.venv").mkdir()
        for name in ("tree/.venv/bin", "opt/signal-cli/bin"):
            (self._folder / name).symlink_to(programs)

    @property
    def log(self) -> str:
        return (self._folder / "gateway.log").read_text()

    def type(self, block: Block) -> str:
        """What is wrong with the block."""
        script, commands = self._folder / "script", self._folder / "commands"
        text = self._real(block.text)
        script.write_text(_SCRIPT.format(folder=self._folder, text=text))
        commands.write_text("")
        status, output = self._run([*SHELLS[block.language], str(script)])
        self.output += output
        problem = "".join(map(self._judge, commands.read_text().splitlines()))
        if status:
            problem += f"ends with {status}. {WHAT_TO_DO}\n{output}"
        return problem

    def _judge(self, command: str) -> str:
        """What is wrong with a command that was not run."""
        if not any(fnmatchcase(command, pattern) for pattern in ELSEWHERE):
            return f"nobody runs `{command}`. Give it a line in elsewhere.yaml that says why.\n"
        if command.startswith("systemctl"):
            _, _, *units = [word for word in command.split() if word[0] != "-"]
            for unit in set(units) - {"nginx"}:
                if not (self._folder / f"etc/systemd/system/{unit}.service").is_file():
                    return f"`{command}`: no block has copied {unit}.service\n"
        return ""

    def _run(self, command: list[str]) -> tuple[int, str]:
        environment = {
            "PATH": f"{self._folder}/bin",
            "HOME": f"{self._folder}/home",
            "LANG": "C.UTF-8",
            "SANDBOX": str(self._folder),
            "PYTHONS": str(BIN),
            "GATEWAY": self._gateway,
            # Nobody but this machine is spoken to.
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1,localhost",
        }
        path = self._folder / "output"  # no pipe: the gateway would keep it open
        with path.open("w") as output:
            ended = subprocess.run(
                [shutil.which("timeout") or "timeout", "30", *command],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        return ended.returncode, path.read_text()

    def _real(self, text: str) -> str:
        """``text`` with what exists here for the addresses, tokens and folders of the examples."""
        text = re.sub(r"(127\.0\.0\.1|localhost):8880\b", self._gateway, text)
        example = r"(http|signal)s(://(?:\S+@)?)gateway\.example\.com"
        text = re.sub(example, rf"\g<1>\g<2>{self._gateway}", text)
        text = _SERVER.sub(self._signal, text)
        text = re.sub(r"(?<![\w$])TOKEN(?![\w=])", lambda match: self._token(), text)
        outside = r"(?<![\w.:/}*-])/(?=(etc|home|opt|root|run|srv|usr/local|var)\b)"
        return re.sub(outside, f"{self._folder}/", text)

    def _token(self) -> str:
        """That of the gateway which runs: one it was given, or the one it made for a preview."""
        given = (self._folder / "tokens").read_text()
        made = re.findall(r"Bearer ([\w-]+)'", self.log)
        return given.split(",")[0].rpartition(":")[2] or str(made[-1])
