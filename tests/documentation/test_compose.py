"""docs/deploy: Compose 2 itself reads the files, and what the Dockerfile copies is enough to start."""

import json
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import gateway, standin
from tests.documentation.documents import ROOT, text_of

DEPLOY = ROOT / "docs/deploy"
EXAMPLE = re.sub(r"(?m)^#(?=[A-Z_]+=)", "", (DEPLOY / ".env.example").read_text())
FILLED = EXAMPLE.replace("_TOKEN=\n", f"_TOKEN={gateway.TOKEN}\n")
AUTHENTIK = Path(__file__).with_name("authentik-compose.yml").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
IN_CONTAINER = r"(?m)^docker compose exec signal-gateway flask (.+)"
SETTINGS = {
    "SIGNAL_API_URL": "http://signal:8080",
    "SIGNAL_NUMBER": "+4915100000001",
    "ADMIN_RECIPIENTS": "+4915111111111",
    "API_TOKENS": f"authentik:{gateway.TOKEN},alerts:{gateway.TOKEN}",
    "DEFAULT_REGION": "DE",
    "METRICS_TOKEN": gateway.TOKEN,
}


def services(folder: Path, *options: str) -> Any:
    """The services as Compose reads them, without a complaint."""
    ended = subprocess.run(
        ["docker-compose", *options, "config", "--format=json"],
        cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)["services"]


def alone(folder: Path, variables: str) -> Any:
    """The gateway of a copy of compose.yaml that has these variables in .env."""
    (folder / "docs/deploy").mkdir(parents=True)
    shutil.copy(DEPLOY / "compose.yaml", folder / "docs/deploy")
    (folder / "docs/deploy/.env").write_text(variables)
    return services(folder, "-f", "docs/deploy/compose.yaml")["signal-gateway"]


def arguments(instruction: str) -> list[str]:
    """What follows an instruction of the Dockerfile, wherever it stands."""
    return re.findall(rf"(?m)^{instruction} (.+)", DOCKERFILE)


def command(instruction: str) -> list[str]:
    program, *rest = json.loads("[" + arguments(instruction)[0].partition("[")[2])
    return [str(gateway.BIN / program), *rest]


@pytest.mark.system
def test_compose_takes_the_file_before_anything_is_set(tmp_path: Path) -> None:
    unset = dict.fromkeys(SETTINGS, None) | {"SIGNAL_API_URL": "http://signal:8080"}
    assert alone(tmp_path, "")["environment"] == unset


@pytest.mark.system
def test_the_gateway_is_built_here_and_shut_off(tmp_path: Path) -> None:
    expected = {
        "build": {"context": str(tmp_path), "dockerfile": "docs/deploy/Dockerfile"},
        "environment": SETTINGS,
        "restart": "unless-stopped",
        "stop_grace_period": "30s",
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }
    found = alone(tmp_path, FILLED)
    assert {name: found[name] for name in expected} == expected
    assert "ports" not in found


@pytest.mark.system
@pytest.mark.parametrize("reads", ["env_file: [.env]", ""])
def test_authentik_gets_blueprints_and_variables(reads: str, tmp_path: Path) -> None:
    authentik = AUTHENTIK.replace("env_file: [.env]", reads)
    (tmp_path / "docker-compose.yml").write_text(authentik)
    secrets = "PG_PASS=secret\nAUTHENTIK_SECRET_KEY=secret\n"
    (tmp_path / ".env").write_text(secrets + FILLED)
    before, after = services(tmp_path, "-f", "docker-compose.yml"), services(tmp_path)

    folder = f"{tmp_path}/authentik-signal-gateway"
    assert after.pop("signal-gateway")["build"]["context"] == folder
    assert after.pop("signal")["environment"] == {"MODE": "json-rpc"}
    mounted = after["worker"]["volumes"].pop()
    assert mounted["source"] == f"{folder}/docs/authentik/blueprints"
    assert mounted["target"] == "/blueprints/signal"
    for name in ("server", "worker"):
        before[name]["environment"] |= {
            "SIGNAL_GATEWAY_URL": "http://signal-gateway:8880",
            "SIGNAL_GATEWAY_TOKEN": gateway.TOKEN,
            "SIGNAL_ALERTS_TOKEN": gateway.TOKEN,
        }
    assert after == before


def test_docker_waits_longer_for_the_end_than_gunicorn() -> None:
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["graceful_timeout"] < 30


def test_the_image_runs_what_the_platforms_run() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert arguments("FROM") == [f"python:{version}-slim"]
    assert command("CMD") == gateway.command()
    assert "PORT=8880" in arguments("ENV")[0].split()


def test_the_image_has_all_that_the_gateway_needs(tmp_path: Path) -> None:
    for *names, target in map(str.split, arguments("COPY")):
        for path in [ROOT / name for name in names]:
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, tmp_path / target)
    flask = re.findall(IN_CONTAINER, text_of("docs/deploy.md"))
    assert flask
    typed = [[str(gateway.BIN / "flask"), *line.split()] for line in flask]
    port = str(gateway.free_port())
    with standin.running() as signal:
        variables = SETTINGS | {"SIGNAL_API_URL": signal.url, "PORT": port}
        there: Any = {"cwd": tmp_path, "env": gateway.environment(**variables)}
        with subprocess.Popen(command("CMD"), **there) as process:
            try:
                healthy = command("HEALTHCHECK")
                gateway.until(lambda: subprocess.call(healthy, **there) == 0)
                assert [subprocess.call(line, **there) for line in typed] == [0]
            finally:
                process.terminate()
