"""How the real gunicorn starts, reloads and ends with the settings in gunicorn.conf.py."""

import json
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests import gateway
from tests.gateway import BIN, METRICS_TOKEN, ROOT, TOKEN

CODE = {"From": "authentik", "To": "+49 151 12345678", "Body": "004821"}
SIGNAL = "http://127.0.0.1:9"  # where nothing listens
SENT = "signal_gateway_request_duration_seconds_count"
APART = (
    "Each of the 2 workers counts its limits for itself: set RATE_LIMIT_STORAGE_URI="
    "redis://… to count them together, or WEB_CONCURRENCY=1."
)
OLD_STAYS = "The old configuration stays in use."


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


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "localhost.example"])
def test_a_preview_that_others_could_reach_does_not_start(host: str) -> None:
    arguments = bind(host)
    ended = gateway.run_to_the_end(GUNICORN_CMD_ARGS=arguments)
    assert ended.returncode == 1
    assert ended.stderr.endswith(
        "The gateway cannot start: SIGNAL_API_URL is not set, and it would listen on"
        f" {arguments.split()[1]}.\n"
        "A preview shows messages on this terminal and serves 127.0.0.1 alone."
        " To send them, set\nSIGNAL_API_URL, SIGNAL_NUMBER and API_TOKENS.\n"
    )


def test_a_reload_takes_over_a_changed_template_and_refuses_a_broken_one(
    tmp_path: Path,
) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text("templates: {sms: {message: 'old {token}'}}")
    variables = {"API_TOKENS": TOKEN, "TEMPLATES_FILE": str(templates)}
    with gateway.running(GUNICORN_CMD_ARGS=bind(), **variables) as running:
        running.post(CODE)
        running.wait_for("│ old 004821")
        templates.write_text("templates: {sms: {message: 'new {token}'}}")
        running.process.send_signal(signal.SIGHUP)
        gateway.until(lambda: running.post(CODE) and "│ new 004821" in running.output)
        templates.write_text("templates: {sms: {message: 'broken {token'}}")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(f"(?s)line 1: a brace has no partner.*{OLD_STAYS}")
        assert running.output.count(OLD_STAYS) == 1
        shown = running.output.count("│ new 004821")
        assert running.post(CODE).status_code == 201
        running.wait_for(f"(?s)(│ new 004821.*){{{shown + 1}}}")


def test_a_preview_keeps_its_token_over_a_reload() -> None:
    with gateway.running(GUNICORN_CMD_ARGS=bind()) as running:
        line = running.wait_for(r"curl .*\n")
        token = line.partition("Bearer ")[2].partition("'")[0]
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("Worker exiting")
        assert running.post(CODE, token=token).status_code == 201


def test_several_workers_share_metrics_over_a_reload_and_warn_of_apart_limits(
    tmp_path: Path,
) -> None:
    with gateway.sending(
        SIGNAL,
        WEB_CONCURRENCY="2",
        METRICS_TOKEN=METRICS_TOKEN,
        TMPDIR=str(tmp_path),
        LOG_FORMAT="json",
    ) as running:
        (folder,) = tmp_path.glob("signal-gateway-*")
        running.post(CODE)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("(?s)(Worker exiting.*){2}")
        assert list(tmp_path.glob("signal-gateway-*")) == [folder]
        assert running.metric(SENT) == 1
    assert not list(tmp_path.iterdir())
    messages = [json.loads(line)["message"] for line in running.lines]
    assert messages.count(APART) == 1


def test_one_worker_needs_no_folder_for_metrics_and_no_warning(tmp_path: Path) -> None:
    with gateway.sending(
        SIGNAL, METRICS_TOKEN=METRICS_TOKEN, TMPDIR=str(tmp_path)
    ) as running:
        running.post(CODE)
        assert running.metric(SENT) == 1
        assert not list(tmp_path.glob("signal-gateway-*"))
    assert "RATE_LIMIT_STORAGE_URI" not in running.output


def test_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    ended = gateway.run_to_the_end(
        WEB_CONCURRENCY="2", TMPDIR=str(tmp_path), LOG_FORMAT="xml"
    )
    assert "LOG_FORMAT must be one of text, json." in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("chosen", "workers"), [({}, 1), ({"WORKERS": "2"}, 2)])
def test_a_platform_gets_one_worker_unless_you_choose_more(
    chosen: dict[str, str], workers: int
) -> None:
    (web,) = re.findall(r"^web: (.*)", (ROOT / "Procfile").read_text(), re.MULTILINE)
    variables = {"PATH": str(BIN), "WEB_CONCURRENCY": "8", **chosen}
    told = subprocess.check_output(
        ["/bin/sh", "-c", f"{web} --print-config"],
        cwd=ROOT, env=variables, text=True, timeout=30,
    )  # fmt: skip
    assert re.findall(r"^workers += (\d+)$", told, re.MULTILINE) == [str(workers)]
