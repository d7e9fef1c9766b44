"""How the real gunicorn starts, reloads and ends with the settings in gunicorn.conf.py."""

import json
import os
import re
import shlex
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from tests import gateway, standin
from tests.gateway import METRICS_TOKEN, PROCFILE
from tests.standin import Behaviour

CODE = {"From": "authentik", "To": "+49 151 12345678", "Body": "004821"}
REFUSED = 'signal_gateway_requests_total{code="bad_request"}'
IN_FLIGHT = "signal_gateway_requests_in_flight"
APART = (
    "Each of the 2 workers counts its limits for itself: set RATE_LIMIT_STORAGE_URI="
    "redis://… to count them together, or WEB_CONCURRENCY=1."
)
OLD_STAYS = "The old configuration stays in use."


def hang(document: object) -> Behaviour:
    return Behaviour(manner="hang")


def bind(host: str = "127.0.0.1") -> str:
    return f"--bind {host}:{gateway.free_port()}"


@pytest.mark.system
def test_preview_greets_with_a_line_that_works() -> None:
    with gateway.running(GUNICORN_CMD_ARGS=bind()) as running:
        line = running.wait_for(r"curl .*\n")
        assert f"{running.url}/v2/send" in line
        answer = subprocess.run(
            [*shlex.split(line), "-si"], capture_output=True, text=True, timeout=10
        )
        assert answer.stdout.startswith("HTTP/1.1 201")
        assert "X-Preview: true" in answer.stdout
        shown = running.wait_for(r"(?s)┌.*?└\n")
    assert shown == (
        "┌ Signal message to +4915112345678 from the default number (preview, not sent)\n"
        "│ Your verification code\n"
        "│ \n"
        "│ 004821\n"
        "│ \n"
        "│ It expires in 5 minutes. If you did not ask for it, ignore this message.\n"
        "└\n"
    )


def test_a_preview_that_others_could_reach_does_not_start() -> None:
    binds = [bind(host) for host in ("0.0.0.0", "[::]", "localhost.example")]
    with ThreadPoolExecutor() as pool:
        starts = [
            pool.submit(gateway.run_to_the_end, GUNICORN_CMD_ARGS=arguments)
            for arguments in binds
        ]
    for arguments, start in zip(binds, starts):
        ended = start.result()
        assert ended.returncode == 1
        assert ended.stderr.endswith(
            "The gateway cannot start: SIGNAL_API_URL is not set, and it would listen on"
            f" {arguments.split()[1]}.\n"
            "A preview shows messages on this terminal and serves 127.0.0.1 alone."
            " To send them, set\nSIGNAL_API_URL, SIGNAL_NUMBER and API_TOKENS.\n"
        )


def test_a_reload_takes_over_changed_templates_unless_broken(tmp_path: Path) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text("templates: {sms: {message: 'old {token}'}}")
    with gateway.running(
        GUNICORN_CMD_ARGS=bind(), TEMPLATES_FILE=str(templates)
    ) as running:
        token = running.wait_for("Bearer [^']+").removeprefix("Bearer ")
        post = partial(running.post, CODE, token)
        post()
        running.wait_for("│ old 004821")
        templates.write_text("templates: {sms: {message: 'new {token}'}}")
        running.process.send_signal(signal.SIGHUP)
        gateway.until(lambda: post() and "│ new 004821" in running.output)
        templates.write_text("templates: {sms: {message: 'broken {token'}}")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(f"(?s)line 1: a brace has no partner.*{OLD_STAYS}")
        assert running.output.count(OLD_STAYS) == 1
        shown = running.output.count("│ new 004821")
        assert post().status_code == 201
        running.wait_for(f"(?s)(│ new 004821.*){{{shown + 1}}}")


def test_workers_count_metrics_together_and_limits_apart(tmp_path: Path) -> None:
    with standin.running(hang) as server, gateway.sending(
        server.url,
        WEB_CONCURRENCY="2",
        METRICS_TOKEN=METRICS_TOKEN,
        TMPDIR=str(tmp_path),
        LOG_FORMAT="json",
    ) as running, ThreadPoolExecutor() as pool:
        (folder,) = tmp_path.glob("signal-gateway-*")
        for _ in range(20):
            running.post([])
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("(?s)(Worker exiting.*){2}")
        assert list(tmp_path.glob("signal-gateway-*")) == [folder]
        assert running.metric(REFUSED) == 20
        hung = pool.submit(running.post, CODE)
        gateway.until(lambda: running.metric(IN_FLIGHT) == 2)
        for worker in re.findall(r"Booting worker with pid: (\d+)", running.output)[2:]:
            os.kill(int(worker), signal.SIGKILL)
        assert isinstance(hung.exception(), requests.ConnectionError)
        gateway.until(lambda: running.metric(IN_FLIGHT) == 1)
        assert running.metric(REFUSED) == 20
    assert not list(tmp_path.iterdir())
    messages = [json.loads(line)["message"] for line in running.lines]
    assert messages.count(APART) == 1


def test_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    ended = gateway.run_to_the_end(
        WEB_CONCURRENCY="2", TMPDIR=str(tmp_path), LOG_FORMAT="xml"
    )
    assert "LOG_FORMAT must be one of text, json." in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("chosen", "workers"), [({}, "1"), ({"WORKERS": "2"}, "2")])
def test_one_worker_if_none_are_chosen(chosen: dict[str, str], workers: str) -> None:
    web = PROCFILE["web"].replace("gunicorn wsgi:app", "/usr/bin/env")
    variables = {"WEB_CONCURRENCY": "8", **chosen}
    told = subprocess.check_output(web, shell=True, env=variables, text=True)
    assert f"WEB_CONCURRENCY={workers}\n" in told
