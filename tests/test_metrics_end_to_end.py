"""Metrics of the real gunicorn: over all workers, also after one was killed, and gone at the end."""

import os
import re
import signal
import threading
from pathlib import Path

import requests

from tests import gateway, standin
from tests.gateway import Gateway
from tests.standin import ACCEPTING, Behaviour

METRICS_TOKEN = "metrics-token-0123456789"
HUNG = "never answered"


def plan(document: dict[str, object]) -> Behaviour:
    is_hung = document["message"] == HUNG
    return Behaviour(manner="hang", accepts=False) if is_hung else ACCEPTING


def scraped(running: Gateway, sample: str) -> float:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = requests.get(f"{running.url}/metrics", headers=headers, timeout=5).text
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


def send(running: Gateway, message: str) -> None:
    try:
        running.post({"to": "+4915112345678", "message": message})
    except requests.ConnectionError:
        assert message == HUNG


def test_workers_count_together_and_what_a_killed_one_did_is_no_longer_under_way(
    tmp_path: Path,
) -> None:
    in_flight = "signal_gateway_requests_in_flight"
    with standin.running(plan) as server:
        with gateway.sending(
            server.url,
            METRICS_TOKEN=METRICS_TOKEN,
            TMPDIR=str(tmp_path),
        ) as running:
            for _ in range(20):
                send(running, "hello")
            assert scraped(running, 'signal_gateway_requests_total{code="ok"}') >= 20
            hung = threading.Thread(target=send, args=[running, HUNG])
            hung.start()
            gateway.until(lambda: scraped(running, in_flight) == 2)
            for worker in re.findall(r"Booting worker with pid: (\d+)", running.output):
                os.kill(int(worker), signal.SIGKILL)
            hung.join()
            gateway.until(lambda: scraped(running, in_flight) == 1)
            assert scraped(running, 'signal_gateway_requests_total{code="ok"}') >= 20
            assert list(tmp_path.glob("signal-gateway-metrics-*"))
        assert not list(tmp_path.glob("signal-gateway-metrics-*"))


def test_there_is_one_folder_however_often_the_configuration_is_read(
    tmp_path: Path,
) -> None:
    with standin.running(plan) as server:
        variables = {"METRICS_TOKEN": METRICS_TOKEN, "TMPDIR": str(tmp_path)}
        with gateway.sending(server.url, **variables) as running:
            send(running, "hello")
            folders = list(tmp_path.glob("signal-gateway-metrics-*"))
            for number in (1, 2):
                running.process.send_signal(signal.SIGHUP)
                running.wait_for(f"(?s)(Hang up.*Booting worker.*){{{number}}}")
            assert list(tmp_path.glob("signal-gateway-metrics-*")) == folders
            assert len(folders) == 1
            assert scraped(running, 'signal_gateway_requests_total{code="ok"}') >= 1
        assert not list(tmp_path.glob("signal-gateway-metrics-*"))


def test_a_start_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    ended = gateway.run_to_the_end(
        METRICS_TOKEN=METRICS_TOKEN, TMPDIR=str(tmp_path), LOG_FORMAT="xml"
    )
    assert "LOG_FORMAT must be one of text, json." in ended.stderr
    assert not list(tmp_path.iterdir())
