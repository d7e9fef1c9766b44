"""docs/deploy.md: the Compose file fits the gateway, and what is run in its container works."""

import re
import runpy
import shlex
import subprocess
from urllib.parse import urlsplit

import pytest

from tests import gateway, standin
from tests.documentation.catalogue import loaded
from tests.documentation.compose import GATEWAY, SERVER, environment, services
from tests.documentation.documents import ROOT, blocks, text_of

DOCUMENT = "docs/deploy.md"
(TEXT,) = [x.text for x in blocks(DOCUMENT) if "services" in loaded(x)]
SERVICE = services(TEXT)[GATEWAY]
IN_CONTAINER = re.findall(
    rf"^docker compose exec(?: -T)? {GATEWAY} ([^>\n]+)",
    text_of(DOCUMENT),
    re.MULTILINE,
)


def test_the_service_starts_what_the_procfile_starts() -> None:
    *shell, script = shlex.split(SERVICE["command"])
    assert shell == ["sh", "-c"]
    web = " ".join(["gunicorn", *gateway.command()[1:]])
    assert script == f"pip install -qr requirements.txt && exec {web}"


def test_the_image_has_the_python_of_the_platforms() -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert SERVICE["image"] == f"python:{version}-slim"


def test_the_code_is_mounted_where_the_service_works() -> None:
    folder = re.search(r"git clone \S+/([\w-]+)\.git\n", text_of(DOCUMENT))
    assert folder
    assert SERVICE["volumes"] == [f"./{folder[1]}:{SERVICE['working_dir']}:ro"]


def test_every_variable_is_text_as_docker_wants_it() -> None:
    assert {type(value) for value in SERVICE["environment"].values()} == {str}


def test_the_gateway_asks_the_server_beside_it() -> None:
    url = urlsplit(SERVICE["environment"]["SIGNAL_API_URL"])
    assert url.hostname == SERVER
    assert services(TEXT)[SERVER]["ports"] == [f"127.0.0.1:8080:{url.port}"]


def test_the_address_told_for_authentik_is_that_of_the_service() -> None:
    address = f"http://{GATEWAY}:{SERVICE['environment']['PORT']}"
    assert address in text_of(DOCUMENT)
    assert f"`{address}` with `PORT=" in text_of("docs/authentik.md")


def test_docker_waits_longer_for_the_end_than_gunicorn() -> None:
    configuration = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    told = int(SERVICE["stop_grace_period"].removesuffix("s"))
    assert configuration["graceful_timeout"] < told


@pytest.mark.parametrize("line", IN_CONTAINER)
def test_what_is_run_in_the_container_works(line: str) -> None:
    program, *arguments = shlex.split(line)
    with standin.running() as signal:
        variables = environment(TEXT, signal.url)
        ended = subprocess.run(
            [str(gateway.BIN / program), *arguments],
            cwd=ROOT, env=gateway.environment(**variables), capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_commands_in_the_container_were_found() -> None:
    assert IN_CONTAINER
