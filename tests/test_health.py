"""Whether the gateway is ready, asked of Signal's server."""

import socket
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import responses

from app import health
from tests import standin
from tests.conftest import NUMBER, SIGNAL, client

HINT = (
    "the server does not know the sender: either it could not reach Signal when it was"
    " started (check its network and restart it), or the number is not linked (link it)"
)


def not_ready(*problems: str) -> tuple[int, dict[str, object]]:
    hint = {"hint": HINT} if "sender_not_registered" in problems else {}
    return 503, {"status": "not ready", "problems": list(problems), **hint}


@pytest.mark.parametrize(
    ("status", "body", "problems"),
    [
        (200, f'["{NUMBER}"]', None),
        (200, '["+49"]', ["sender_not_registered"]),
        (200, "?", ["signal_unreachable"]),
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
        assert (answer.status_code, answer.json) == not_ready(*problems)


def test_signals_server_is_asked_once_for_several_probes_and_the_log_says_why(
    capfd: pytest.CaptureFixture[str],
) -> None:
    caller = client()
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/accounts", body="[]")
        for _ in range(3):
            assert caller.get("/health/ready").status_code == 503
        assert len(server.calls) == 1
    logged = capfd.readouterr().err
    assert " outcome=not_ready status=503 " in logged
    assert f'detail="{HINT}"' in logged


def ready_without_signal_number(
    rule: str, folder: Path, **changes: Any
) -> tuple[int, dict[str, object] | None]:
    """What a gateway without SIGNAL_NUMBER says, whose client has this rule."""
    path = folder / "templates.yaml"
    path.write_text(f"clients: {{authentik: {{{rule}}}}}\n")
    caller = client(signal_number=None, templates_file=path, **changes)
    answer = caller.get("/health/ready")
    return answer.status_code, answer.json


def test_a_missing_number_is_told_beside_all_else(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:1/api/v1/rpc"
    found = ready_without_signal_number(
        "attachments: true",
        tmp_path,
        signal_api_url=(nobody,),
        rate_limit_storage_uri="redis://127.0.0.1:1",
    )
    problems = "no_sender", "signal_unreachable", "limits_unreachable"
    assert found == not_ready(*problems)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("attachments: true", not_ready("no_sender")),
        ("number: '+4915100000002'", (200, {"status": "ready"})),
        ("number: '+4915100000003'", not_ready("sender_not_registered")),
    ],
)
def test_the_number_of_a_client_is_one_to_send_from(
    rule: str, expected: tuple[int, dict[str, object]], tmp_path: Path
) -> None:
    with responses.RequestsMock() as server:
        server.get(f"{SIGNAL}/v1/accounts", body='["+4915100000002"]')
        assert ready_without_signal_number(rule, tmp_path) == expected


@pytest.mark.parametrize("number", [NUMBER, None])
def test_a_preview_is_ready(number: str | None) -> None:
    caller = client(signal_api_url=(), signal_number=number)
    assert caller.get("/health/ready").status_code == 200


def test_a_server_that_hangs_takes_its_share_of_the_time_and_each_problem_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener, standin.running() as other:
        urls = (f"http://127.0.0.1:{listener.getsockname()[1]}", other.url)
        started = monotonic()
        assert client(signal_api_url=urls).get("/health/ready").status_code == 200
        assert monotonic() - started < 0.5
        other.accounts = []
        answer = client(signal_api_url=urls).get("/health/ready")
    problems = "sender_not_registered", "signal_unreachable"
    assert (answer.status_code, answer.json) == not_ready(*problems)
