"""What Prometheus is told, and whom it is told to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import responses
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import exposition
from tests.conftest import BEARER, METRICS_TOKEN, NUMBER, SIGNAL, client

SCRAPE = {"Authorization": f"Bearer {METRICS_TOKEN}"}
CODE = {"To": "+4915112345678", "Body": "482915"}


def scraped(caller: FlaskClient) -> dict[str, float]:
    """Each sample that is there, by its name and labels as they are written."""
    answer = caller.get("/metrics", headers=SCRAPE)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return {
        sample.name + str(dict(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        if family.name.startswith("signal_gateway_")
        for sample in family.samples
    }


def added(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What was counted between two scrapes, without times and the scrapes themselves."""
    return {
        name.removeprefix("signal_gateway_"): value - before.get(name, 0)
        for name, value in after.items()
        if value != before.get(name, 0)
        and not re.search(r"_sum|_bucket|'code': 'ok'", name)
    }


@pytest.fixture
def gateway(signal: responses.RequestsMock) -> FlaskClient:
    signal.get(f"{SIGNAL}/v1/accounts", json=[NUMBER])
    return client(metrics_token=METRICS_TOKEN)


def test_a_message_is_counted_by_what_became_of_it(gateway: FlaskClient) -> None:
    before = scraped(gateway)
    gateway.post("/v2/send", json=CODE, headers=BEARER)
    assert added(before, scraped(gateway)) == {
        "messages_total{'backend': 'signal.test:8080', 'client': 'authentik',"
        " 'outcome': 'sent', 'template': 'sms'}": 1,
        "request_duration_seconds_count{}": 1,
        "signal_duration_seconds_count{'backend': 'signal.test:8080'}": 1,
    }


def test_each_recipient_is_a_message_and_the_request_is_one(
    gateway: FlaskClient, signal: responses.RequestsMock
) -> None:
    signal.replace(
        "POST", f"{SIGNAL}/v2/send", status=400, json={"error": "Unregistered user"}
    )
    before = scraped(gateway)
    document = {"recipients": ["+4915112345678", "+4915112345679"], "message": "x"}
    gateway.post("/v2/send", json=document, headers=BEARER)
    assert added(before, scraped(gateway)) == {
        "messages_total{'backend': 'signal.test:8080', 'client': 'authentik',"
        " 'outcome': 'not_on_signal', 'template': '-'}": 2,
        "requests_total{'code': 'not_on_signal'}": 1,
        "request_duration_seconds_count{}": 1,
        "signal_duration_seconds_count{'backend': 'signal.test:8080'}": 2,
    }


def test_what_a_limit_refuses_was_sent_to_no_server_and_guessing_is_a_limit_hit(
    gateway: FlaskClient,
) -> None:
    for _ in range(10):
        gateway.post("/v2/send", json=CODE, headers=BEARER)
    before = scraped(gateway)
    gateway.post("/v2/send", json=CODE, headers=BEARER)
    for _ in range(11):
        gateway.post("/v2/send", json=CODE)
    assert added(before, scraped(gateway)) == {
        "messages_total{'backend': 'none', 'client': 'authentik',"
        " 'outcome': 'rate_limited', 'template': 'sms'}": 1,
        "requests_total{'code': 'unauthorized'}": 10,
        "requests_total{'code': 'rate_limited'}": 2,
        "limits_hit_total{'limit': 'recipient'}": 1,
        "limits_hit_total{'limit': 'token'}": 1,
        "request_duration_seconds_count{}": 12,
    }


def test_readiness_and_version_are_told(
    gateway: FlaskClient, signal: responses.RequestsMock
) -> None:
    found = scraped(gateway)
    assert found["signal_gateway_ready{}"] == 1
    assert not any(value for name, value in found.items() if "problem" in name)
    assert [name for name in found if "'version': '0.1.0'" in name]
    signal.replace("GET", f"{SIGNAL}/v1/accounts", json=[])
    found = scraped(client(metrics_token=METRICS_TOKEN))
    assert found["signal_gateway_ready{}"] == 0
    assert found["signal_gateway_problem{'code': 'sender_not_registered'}"] == 1


def test_the_scrape_itself_is_the_only_request_in_flight(gateway: FlaskClient) -> None:
    gateway.post("/v2/send", json=CODE, headers=BEARER)
    gateway.post("/v2/send", json={}, headers=BEARER)
    assert scraped(gateway)["signal_gateway_requests_in_flight{}"] == 1
    assert scraped(gateway)["signal_gateway_sends_waiting{}"] == 0


def test_metrics_need_their_own_token(gateway: FlaskClient) -> None:
    assert gateway.get("/metrics").status_code == 401
    assert gateway.get("/metrics", headers=BEARER).status_code == 401
    assert gateway.post("/v2/send", json=CODE, headers=SCRAPE).status_code == 401
    assert client().get("/metrics", headers=SCRAPE).status_code == 404


def test_all_workers_are_summed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    program = "from app import metrics; metrics.REQUESTS.labels('ok').inc(3)"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], check=True)
    text = exposition("0.1.0", []).decode()
    assert 'signal_gateway_requests_total{code="ok"} 6.0' in text
