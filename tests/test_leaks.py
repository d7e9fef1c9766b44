"""Over every outcome, at the most talkative log level: nothing secret or personal gets out."""

import json
import logging
from typing import Any

import pytest
import requests
import responses

from tests.conftest import BEARER, NUMBER, SIGNAL, TOKEN, client
from tests.signal.test_rest import TEXTS

CODE, TEXT, RECIPIENT = "731904", "a very private text", "+4915177788899"
UPSTREAM = "words-of-signals-server"
SECRETS = {"token": TOKEN, "code": CODE, "text": TEXT, "upstream": UPSTREAM}
NUMBERS = {"recipient": RECIPIENT, "sender": NUMBER}

ANSWERS: list[dict[str, Any]] = [
    {"status": 201, "json": {"timestamp": "1"}},
    *({"status": 400, "json": {"error": f"{text} {UPSTREAM}"}} for text, _ in TEXTS),
    *({"status": status, "body": UPSTREAM} for status in (200, 302, 404, 429, 500, 503)),
    *({"body": kind(UPSTREAM)} for kind in (requests.ReadTimeout, requests.ConnectionError)),
]  # fmt: skip
BODIES = [
    {"to": RECIPIENT, "message": f"{TEXT} {CODE}"},
    {"to": RECIPIENT, "token": CODE},
    {"to": RECIPIENT, "token": CODE, "text": TEXT},
    {"to": RECIPIENT, "message": f"{TEXT} {TOKEN}"},
    {"to": RECIPIENT, "message": TEXT, "quote_author": f"{TEXT} {CODE}"},
    {"to": RECIPIENT, "message": f"{TEXT} {CODE} {{token}}"},
    {"to": RECIPIENT, "message": {"text": TEXT, "code": CODE}},
    {"to": RECIPIENT, "token": CODE, "number": "+4915199999999"},
    {"to": RECIPIENT, "token": CODE, "sticker": [TEXT]},
    [TEXT, CODE],
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_of_signals_server_lets_anything_out(
    answer: dict[str, Any],
    signal: responses.RequestsMock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    signal.replace("POST", f"{SIGNAL}/v2/send", **answer)
    got = client(log_level="DEBUG").post("/v2/send", json=BODIES[0], headers=BEARER)
    seen = got.get_data(as_text=True) + str(got.headers) + caplog.text
    logged = capfd.readouterr().err
    assert " request request_id=" in logged
    for name, secret in SECRETS.items():
        assert secret not in seen + logged, name
    for name, number in NUMBERS.items():
        assert number not in logged + caplog.text, name


@pytest.mark.parametrize("document", BODIES)
@pytest.mark.parametrize("path", ["/v2/send", "/v2/send/notification", "/v2/send/none"])
@pytest.mark.parametrize("token", [TOKEN, "wrong-but-private-token"])
def test_no_request_lets_anything_out(
    document: Any,
    path: str,
    token: str,
    signal: responses.RequestsMock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Bearer {token}"}
    got = client(log_level="DEBUG").post(
        path, data=json.dumps(document), headers=headers
    )
    seen = got.get_data(as_text=True) + capfd.readouterr().err + caplog.text
    for name, secret in {**SECRETS, **NUMBERS, "given": token}.items():
        assert secret not in seen, name
