"""Metrics of the real gunicorn: over all workers, also after one was killed, and gone at the end."""

import os
import re
import signal
import threading

import requests

from tests import gateway, standin
from tests.gateway import METRICS_TOKEN, Gateway
from tests.standin import ACCEPTING, Behaviour

HUNG = "never answered"


def plan(document: dict[str, object]) -> Behaviour:
    is_hung = document["message"] == HUNG
    return Behaviour(manner="hang", accepts=False) if is_hung else ACCEPTING


def send(running: Gateway, message: str) -> None:
    try:
        running.post({"to": "+4915112345678", "message": message})
    except requests.ConnectionError:
        assert message == HUNG


def test_workers_count_together_without_what_a_killed_one_had_under_way() -> None:
    in_flight = "signal_gateway_requests_in_flight"
    with standin.running(plan) as server:
        more = {"WEB_CONCURRENCY": "2", "METRICS_TOKEN": METRICS_TOKEN}
        with gateway.sending(server.url, **more) as running:
            for _ in range(20):
                send(running, "hello")
            assert running.metric('signal_gateway_requests_total{code="ok"}') >= 20
            hung = threading.Thread(target=send, args=[running, HUNG])
            hung.start()
            gateway.until(lambda: running.metric(in_flight) == 2)
            for worker in re.findall(r"Booting worker with pid: (\d+)", running.output):
                os.kill(int(worker), signal.SIGKILL)
            hung.join()
            gateway.until(lambda: running.metric(in_flight) == 1)
            assert running.metric('signal_gateway_requests_total{code="ok"}') >= 20
