"""Requests as authentik sends them, each with its whole outcome, and what bad input gets."""

from pathlib import Path

import pytest
import responses
import yaml

from tests.conftest import BEARER, NUMBER, client
from tests.posting import ANNA, post, sent

REQUESTS = sorted((Path(__file__).parent / "requests").glob("*.yaml"))
CODE = {"From": "authentik", "To": ANNA, "Body": "482915"}
CODE_MESSAGE = (
    "**Your verification code**\n\n482915\n\n"
    "It expires in 5 minutes. If you did not ask for it, ignore this message."
)


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
    assert answer.status_code == case["answer"]["status"]
    assert answer.get_data(as_text=True).rstrip("\n") == case["answer"]["body"]


def test_all_requests_of_authentik_are_here() -> None:
    assert len(REQUESTS) == 42


def test_signal_gets_one_request_with_the_code_in_bold_frame(
    signal: responses.RequestsMock,
) -> None:
    answer = client().post("/v2/send", json=CODE, headers=BEARER)
    assert (answer.status_code, answer.json) == (201, {"timestamp": "1700000000000"})
    assert sent(signal) == [
        {
            "number": NUMBER,
            "recipients": [ANNA],
            "message": CODE_MESSAGE,
            "text_mode": "styled",
        }
    ]
    assert signal.calls[0].request.headers["Content-Type"] == "application/json"


def test_the_locale_chooses_the_language() -> None:
    message = post({**CODE, "locale": "de-AT"}).texts[ANNA]
    assert message == (
        "**Ihr Bestätigungscode**\n\n482915\n\nEr gilt 5 Minuten. Wenn Sie ihn nicht"
        " angefordert haben, ignorieren Sie diese Nachricht."
    )


def test_a_recipient_named_twice_gets_one_message() -> None:
    numbers = [ANNA, "0049 151 12345678", 4915112345678]
    result = post({**CODE, "recipients": numbers})
    assert [document["recipients"] for document in result.sent] == [[ANNA]]


def test_an_error_names_its_request() -> None:
    answer = client().post("/v2/send", data=b"", headers=BEARER)
    assert answer.status_code == 400
    assert answer.json == {
        "error": "This request cannot be read: it is empty. A webhook mapping without its"
        " 'return' does this.",
        "code": "bad_request",
        "request_id": answer.headers["X-Request-ID"],
    }


def test_a_code_is_never_sent_without_the_code() -> None:
    assert post({"to": ANNA, "token": None}, "/v2/send/sms").refusal == (
        "missing_field",
        "No message was sent. Tell the administrator: the message needs 'token', which the"
        " request does not have.",
    )


def test_without_a_recipient_the_administrator_is_told() -> None:
    assert post({"token": "482915"}).refusal == (
        "no_recipient",
        "No message was sent. Tell the administrator: the request names no recipient. Put a"
        " phone number in 'recipients'.",
    )


def test_without_any_number_to_send_from_the_administrator_is_told() -> None:
    assert post(CODE, signal_number=None).refusal == (
        "no_sender",
        "No message was sent. Tell the administrator: there is no number to send from. Set"
        " SIGNAL_NUMBER.",
    )


@pytest.mark.parametrize("template", ["none", "..", "%2e%2e", "sms.__class__", "SMS"])
def test_a_template_that_does_not_exist_is_not_found(template: str) -> None:
    result = post(CODE, f"/v2/send/{template}")
    assert (result.status, result.sent) == (404, [])
