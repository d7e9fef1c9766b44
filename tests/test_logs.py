"""The log: one line for each request, by whose fault it is, with nothing in it that is secret."""

import json
import logging
import re
from pathlib import Path

import pytest
import responses

from tests.conftest import BEARER, SIGNAL, TOKEN, client

CODE = {"To": "+4915112345678", "Body": "482915"}
HEADERS = {**BEARER, "X-Request-ID": "abc"}


def log(capfd: pytest.CaptureFixture[str]) -> str:
    """What was logged, with the times made equal."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", capfd.readouterr().err)
    return re.sub(r"ms=\d+", "ms=N", text)


def test_a_sent_message_is_one_line(
    signal: responses.RequestsMock, capfd: pytest.CaptureFixture[str]
) -> None:
    client().post("/v2/send", json=CODE, headers=HEADERS)
    assert log(capfd) == (
        "TIME INFO request request_id=abc client=authentik template=sms to=+49…678"
        " outcome=sent status=201 ms=N signal_ms=N\n"
    )


def test_a_callers_mistake_is_a_warning_with_what_the_log_alone_may_say(
    capfd: pytest.CaptureFixture[str],
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}x", "X-Request-ID": "abc"}
    client().post("/v2/send", json=CODE, headers=headers)
    assert log(capfd) == (
        "TIME WARNING request request_id=abc client=- template=- to=- outcome=unauthorized"
        ' status=401 ms=N signal_ms=N detail="the token is none of those in API_TOKENS"\n'
    )


@pytest.mark.parametrize(
    ("text", "level", "told"),
    [
        (
            "Failed to send message",
            "WARNING",
            "signal_timeout status=504",
        ),
        (
            "process killed as timeout reached",
            "WARNING",
            "signal_timeout",
        ),
        ("User x is not registered.", "CRITICAL", "sender_not_registered"),
        ('CAPTCHA proof required "token":"tok-1"', "CRITICAL", "signal_rate_limited"),
    ],
)
def test_what_needs_a_person_now_is_critical_and_what_nobody_can_know_is_unknown(
    text: str,
    level: str,
    told: str,
    signal: responses.RequestsMock,
    capfd: pytest.CaptureFixture[str],
) -> None:
    signal.replace("POST", f"{SIGNAL}/v2/send", status=400, json={"error": text})
    client().post("/v2/send", json=CODE, headers=HEADERS)
    logged = log(capfd)
    assert logged.startswith(f"TIME {level} request") and f" outcome={told} " in logged


def test_json_lines_have_the_same_names(
    signal: responses.RequestsMock, capfd: pytest.CaptureFixture[str]
) -> None:
    client(log_format="json").post("/v2/send", json=CODE, headers=HEADERS)
    entry = json.loads(capfd.readouterr().err)
    assert list(entry) == [
        "time", "level", "message", "request_id", "client", "template", "to",
        "outcome", "status", "ms", "signal_ms",
    ]  # fmt: skip
    assert [entry[name] for name in ("level", "client", "status")] == [
        "INFO", "authentik", 201,
    ]  # fmt: skip


def test_probes_are_logged_at_debug_alone(capfd: pytest.CaptureFixture[str]) -> None:
    client().get("/health/live")
    assert log(capfd) == ""
    client(log_level="DEBUG").get("/health/live")
    assert " DEBUG request " in log(capfd)


def test_gunicorns_own_lines_look_like_ours(capfd: pytest.CaptureFixture[str]) -> None:
    client()
    server = logging.getLogger("gunicorn.error")
    server.setLevel("INFO")
    server.info("Listening at: %s", "http://127.0.0.1:8880")
    try:
        raise ValueError("secret")
    except ValueError:
        server.exception("Error handling request %s", "/secret")
    first, second = log(capfd).splitlines()
    assert first == "TIME INFO Listening at: http://127.0.0.1:8880"
    assert second.startswith(
        "TIME ERROR Error handling request … exception=ValueError where="
    )
    assert "secret" not in second


def test_a_file_that_gunicorn_was_told_to_log_to_stays(tmp_path: Path) -> None:
    server = logging.getLogger("gunicorn.error")
    to_file = logging.FileHandler(tmp_path / "log")
    server.handlers = [to_file]
    client()
    assert server.handlers == [to_file]
    server.handlers = []
    to_file.close()
