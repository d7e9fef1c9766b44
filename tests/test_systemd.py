"""The units of docs/deploy: systemd takes them, they lock up well, and the gateway runs as they say."""

import re
import runpy
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from app.settings import SECRETS, Settings
from tests import gateway, standin
from tests.gateway import NUMBER, ROOT, TOKEN
from tests.proxies import DEPLOY

UNITS = ("signal-gateway.service", "signal-cli.service")
INSTALLED = "/opt/signal-gateway/.venv/bin/"
CODE = {"To": "+4915112345678", "Body": "004821"}


def values(name: str, unit: str = UNITS[0]) -> list[str]:
    """What a unit sets for a name, in its order."""
    text = (DEPLOY / unit).read_text()
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def unit_environment(credentials: Path) -> dict[str, str]:
    """What systemd would hand to the gateway, with the credentials in a folder."""
    file = (DEPLOY / "environment").read_text()
    lines = [shlex.split(line)[0] for line in values("Environment")]
    lines += re.findall(r"^[^#\n].*", file, re.MULTILINE)
    found = dict(line.split("=", 1) for line in lines)
    return {name: text.replace("%d", str(credentials)) for name, text in found.items()}


def verify(folder: Path, unit: str, text: str) -> tuple[int, str]:
    """The status of ``systemd-analyze verify``, and what it said of the unit."""
    # Its programs need not be on this machine.
    text = re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", text, flags=re.MULTILINE)
    (folder / unit).write_text(text)
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(folder / unit)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    said = [line for line in ended.stderr.splitlines() if unit in line]
    return ended.returncode, "\n".join(said)


@pytest.mark.system
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_unit_and_tells_a_mistake(unit: str, tmp_path: Path) -> None:
    text = (DEPLOY / unit).read_text()
    assert verify(tmp_path, unit, text) == (0, "")
    wrong = text.replace("ProtectHome=", "ProtectHomes=")
    assert "Unknown key 'ProtectHomes'" in verify(tmp_path, unit, wrong)[1]


@pytest.mark.system
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_exposes_the_machine_at_most_to_two_of_ten(unit: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true"]
    ended = subprocess.run(
        [*command, "--threshold=20", str(DEPLOY / unit)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-200:] + ended.stderr


def test_the_unit_starts_what_the_procfile_starts() -> None:
    (start,) = values("ExecStart")
    assert start.startswith(INSTALLED)
    assert start.removeprefix(INSTALLED) == " ".join(
        ["gunicorn", *gateway.command()[1:]]
    )
    assert values("WorkingDirectory") == ["/opt/signal-gateway"]


def test_the_gateway_runs_as_the_unit_says(tmp_path: Path) -> None:
    (credential,) = values("LoadCredential")
    assert credential == "api-tokens:/etc/signal-gateway/api-tokens"
    (tmp_path / "api-tokens").write_text(f"authentik:{TOKEN}\n")
    environment = unit_environment(tmp_path)
    assert environment["SIGNAL_API_URL"] == "http://127.0.0.1:8080/api/v1/rpc"
    assert environment["TEMPLATES_FILE"] == "/etc/signal-gateway/templates.yaml"
    assert values("ExecStart", UNITS[1])[0].split()[3:6] == [
        "daemon", "--http", "127.0.0.1:8080",
    ]  # fmt: skip
    assert values("Type") == ["notify"]
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with standin.running() as signal, notified:
        notified.bind(socket_path := str(tmp_path / "notify"))
        notified.settimeout(10)
        address = environment["SIGNAL_API_URL"].replace(":8080", f":{signal.port}")
        bind = f"--bind 127.0.0.1:{gateway.free_port()}"
        templates = str(ROOT / "templates.yaml")
        here = {"TEMPLATES_FILE": templates, "NOTIFY_SOCKET": socket_path}
        started = {**environment, **here, "SIGNAL_API_URL": address}
        with gateway.running(GUNICORN_CMD_ARGS=bind, **started) as running:
            assert notified.recv(1000).startswith(b"READY=1")
            answer = running.post(CODE)
    assert (answer.status_code, answer.json()) == (201, {"timestamp": "1700000000000"})
    assert signal.books.requests[0]["params"]["account"] == NUMBER


def test_each_secret_of_the_unit_may_be_in_a_file_and_has_its_credential() -> None:
    text = (DEPLOY / UNITS[0]).read_text()
    named = re.findall(r"Environment=([A-Z_]+)_FILE=%d/(\S+)\n", text)
    loaded = re.findall(r"LoadCredential=(\S+):/etc/signal-gateway/\1\n", text)
    assert [credential for _, credential in named] == loaded
    assert {name for name, _ in named} == {"API_TOKENS", "METRICS_TOKEN"}
    assert {name for name, _ in named} < set(SECRETS)


def test_the_variables_of_the_environment_file_exist() -> None:
    text = (DEPLOY / "environment").read_text()
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", text, re.MULTILINE)
    table = (ROOT / "README.md").read_text().partition("## Variables")[2]
    assert len(named) > 4
    assert [name for name in named if f"`{name}`" not in table] == []


def test_who_stops_waits_for_who_works() -> None:
    configuration = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    (stop,) = (int(seconds) for seconds in values("TimeoutStopSec"))
    assert Settings().signal_timeout < configuration["graceful_timeout"] < stop
