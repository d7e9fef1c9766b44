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
from tests.documentation.documents import ROOT, documents, text_of

DEPLOY = ROOT / "docs/deploy"
EXAMPLE = re.sub(r"(?m)^#(?=[A-Z_]+=)", "", (DEPLOY / ".env.example").read_text())
FILLED = EXAMPLE.replace("_TOKEN=\n", f"_TOKEN={gateway.TOKEN}\n")
AUTHENTIK = Path(__file__).with_name("authentik-compose.yml").read_text()
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
IN_CONTAINER = r"(?m)^docker compose exec signal-gateway flask (.+)"
SIGNAL = "http://signal:8080"
SETTINGS = {
    "SIGNAL_API_URL": SIGNAL,
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


def arguments(instruction: str) -> list[str]:
    """What follows an instruction of the Dockerfile, wherever it stands."""
    return re.findall(rf"(?m)^{instruction} (.+)", DOCKERFILE)


def command(instruction: str) -> list[str]:
    program, *rest = json.loads("[" + arguments(instruction)[0].partition("[")[2])
    return [str(gateway.BIN / program), *rest]


@pytest.mark.system
def test_the_gateway_is_shut_off_and_needs_no_variable_to_link() -> None:
    options = "--env-file /dev/null -f docs/deploy/compose.yaml"
    found = services(ROOT, *options.split())["signal-gateway"]
    expected = {
        "build": {"context": str(ROOT), "dockerfile": "docs/deploy/Dockerfile"},
        "environment": {**dict.fromkeys(SETTINGS), "SIGNAL_API_URL": SIGNAL},
        "restart": "unless-stopped",
        "stop_grace_period": "30s",
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "ports": None,
    }
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.system
@pytest.mark.parametrize("reads", ["env_file: [.env]", ""])
def test_authentik_gets_blueprints_and_variables(reads: str, tmp_path: Path) -> None:
    authentik = AUTHENTIK.replace("env_file: [.env]", reads)
    (tmp_path / "docker-compose.yml").write_text(authentik)
    secrets = "PG_PASS=secret\nAUTHENTIK_SECRET_KEY=secret\n"
    (tmp_path / ".env").write_text(secrets + FILLED)
    clone = tmp_path / "authentik-signal-gateway"
    clone.symlink_to(ROOT)
    before, after = services(tmp_path, "-f", "docker-compose.yml"), services(tmp_path)

    added = after.pop("signal-gateway")
    assert added["build"]["context"] == str(clone)
    assert added["environment"] == SETTINGS
    assert after.pop("signal")["environment"] == {"MODE": "json-rpc"}
    mounted = after["worker"]["volumes"].pop()
    assert mounted["source"] == f"{clone}/docs/authentik/blueprints"
    assert mounted["target"] == "/blueprints/signal"
    for name in ("server", "worker"):
        before[name]["environment"] |= {
            "SIGNAL_GATEWAY_URL": "http://signal-gateway:8880",
            "SIGNAL_GATEWAY_TOKEN": gateway.TOKEN,
            "SIGNAL_ALERTS_TOKEN": gateway.TOKEN,
        }
    assert after == before


def test_the_image_runs_what_the_platforms_run() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert arguments("FROM") == [f"python:{version}-slim"]
    assert command("CMD") == gateway.command()
    assert "PORT=8880" in arguments("ENV")[0].split()
    settings = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert settings["graceful_timeout"] < 30  # stop_grace_period of compose.yaml


def test_the_image_has_all_that_the_gateway_needs(tmp_path: Path) -> None:
    for *names, target in map(str.split, arguments("COPY")):
        for path in [ROOT / name for name in names]:
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, tmp_path / target)
    files = "app gunicorn.conf.py requirements.txt templates.yaml wsgi.py"
    assert sorted(path.name for path in tmp_path.iterdir()) == files.split()

    check = re.findall(IN_CONTAINER, text_of("docs/deploy.md"))[0].split()
    with standin.running() as signal:
        here = {"SIGNAL_API_URL": signal.url, "PORT": str(gateway.free_port())}
        variables = gateway.environment(**(SETTINGS | here))
        there: Any = {"cwd": tmp_path, "env": variables}
        with subprocess.Popen(command("CMD"), **there) as process:
            try:
                healthy = command("HEALTHCHECK")
                gateway.until(lambda: subprocess.call(healthy, **there) == 0)
                assert subprocess.call([gateway.BIN / "flask", *check], **there) == 0
            finally:
                process.terminate()


def test_the_account_is_in_one_volume_whatever_you_follow() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    assert "  signal:\n    name: signal\n" in compose
    told = "\n".join([compose, *map(text_of, documents())])
    folders = re.findall(r"([\w./-]+):/home/\.local/share/signal-cli", told)
    assert set(folders) == {"signal"}
