"""The gateway and the real signal-cli daemon, which has no account and so reaches nothing outside."""

from collections.abc import Iterator
from time import monotonic

import pytest
import requests

from app.signal.reasons import NOT_LOADED
from app.signal.transport import call
from tests import gateway, signal_cli
from tests.gateway import Gateway

pytestmark = pytest.mark.daemon
CODE = {"To": "+4915112345678", "Body": "004821"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with signal_cli.daemon(tmp_path_factory.mktemp("accounts")) as running:
        yield running


@pytest.fixture(scope="module")
def running(url: str) -> Iterator[Gateway]:
    with gateway.sending(url) as found:
        yield found


@pytest.mark.parametrize("to", ["+4915112345678", "alice.42", "group.YUdWc2JHOD0="])
def test_an_account_that_does_not_exist_is_told_and_is_a_task_for_a_person(
    to: str, running: Gateway
) -> None:
    answer = running.post({**CODE, "To": to})
    assert (answer.status_code, answer.json()["code"]) == (502, "sender_not_registered")
    assert "the number is not linked (link it)" in running.wait_for(
        r"CRITICAL request .*\n"
    )


def test_readiness_says_so_too(running: Gateway) -> None:
    answer = requests.get(f"{running.url}/health/ready", timeout=10)
    assert answer.status_code == 503
    assert answer.json()["problems"] == ["sender_not_registered"]
    assert answer.json()["hint"] == NOT_LOADED.detail


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", -32700), (b"", -32600), (b'{"jsonrpc":"2.0","id":1,"method":"x"}', -32601)],
)
def test_its_errors_are_as_the_table_has_them(body: bytes, code: int, url: str) -> None:
    answer = call("POST", url, body, monotonic() + 10)
    assert answer.status == 200
    assert answer.json()["error"]["code"] == code


def test_a_path_that_is_not_the_daemons_is_a_wrong_address(url: str) -> None:
    with gateway.sending(url.replace("/api/v1/rpc", "")) as running:
        answer = running.post(CODE)
        assert (answer.status_code, answer.json()["code"]) == (502, "signal_rejected")
        told = "SIGNAL_API_URL answers 404: is it the address of signal-cli-rest-api"
        running.wait_for(told)
