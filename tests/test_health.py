"""Whether the gateway is ready, asked of Signal's server."""

import pytest
import responses

from tests.conftest import NUMBER, SIGNAL, client


@pytest.mark.parametrize(
    ("status", "body", "problems"),
    [
        (200, f'["{NUMBER}"]', None),
        (200, '["+49"]', ["sender_not_registered"]),
        (200, "?", ["sender_not_registered"]),
        (500, '{"error":"x"}', ["signal_unreachable"]),
    ],
)
def test_ready_is_a_gateway_whose_sender_is_registered(
    status: int, body: str, problems: list[str] | None
) -> None:
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/accounts", status=status, body=body)
        answer = client().get("/health/ready")
    if problems is None:
        assert (answer.status_code, answer.json) == (200, {"status": "ready"})
    else:
        expected = {"status": "not ready", "problems": problems}
        assert (answer.status_code, answer.json) == (503, expected)


def test_signals_server_is_asked_once_for_several_probes() -> None:
    caller = client()
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/accounts", body=f'["{NUMBER}"]')
        for _ in range(3):
            assert caller.get("/health/ready").status_code == 200
        assert len(server.calls) == 1


def test_a_preview_is_ready() -> None:
    assert client(signal_urls=()).get("/health/ready").status_code == 200
