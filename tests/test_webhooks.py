"""Requests as authentik sends them, each with its whole outcome, and what bad input gets."""

from pathlib import Path

import pytest
import responses
import yaml

from tests.conftest import BEARER, client
from tests.posting import ANNA, post, sent

REQUESTS = sorted((Path(__file__).parent / "requests").glob("*.yaml"))
assert len(REQUESTS) == 42
CODE = {"From": "authentik", "To": ANNA, "Body": "482915"}


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_request_of_authentik_has_exactly_this_outcome(
    path: Path, signal: responses.RequestsMock
) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    request = case["request"]
    answer = client().open(
        request["path"],
        method=request["method"],
        headers=request["headers"],
        data=request["body"],
    )
    assert sent(signal) == case["sent"]
    for call in signal.calls:
        assert call.request.headers["Content-Type"] == "application/json"
    assert answer.status_code == case["answer"]["status"]
    assert answer.get_data(as_text=True).rstrip("\n") == case["answer"]["body"]


def test_the_locale_chooses_the_language() -> None:
    message = post({**CODE, "locale": "de-AT"}).texts[ANNA]
    assert message == (
        "**Ihr Bestätigungscode**\n\n482915\n\nEr gilt 5 Minuten. Wenn Sie ihn nicht"
        " angefordert haben, ignorieren Sie diese Nachricht."
    )


def test_an_error_names_its_request() -> None:
    answer = client().post("/v2/send", data=b"", headers=BEARER)
    assert answer.status_code == 400
    assert answer.json == {
        "error": "This request cannot be read: it is empty. A webhook mapping without its"
        " 'return' does this.",
        "code": "bad_request",
        "request_id": answer.headers["X-Request-ID"],
    }


def test_what_is_missing_is_told_to_the_administrator() -> None:
    told = "No message was sent. Tell the administrator: "
    assert post({"token": "482915"}).refusal == (
        "no_recipient",
        f"{told}the request names no recipient. Put a phone number in 'recipients'.",
    )
    assert post(CODE, signal_number=None).refusal == (
        "no_sender",
        f"{told}there is no number to send from. Set SIGNAL_NUMBER.",
    )


@pytest.mark.parametrize("template", ["none", "..", "%2e%2e", "sms.__class__", "SMS"])
def test_a_template_that_does_not_exist_is_not_found(template: str) -> None:
    result = post(CODE, f"/v2/send/{template}")
    assert (result.status, result.sent) == (404, [])
