"""Requests as authentik sends them, each with its whole outcome, and what bad input gets."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import responses
import yaml

from tests.conftest import ADMIN, BEARER, NUMBER, client

REQUESTS = sorted((Path(__file__).parent / "requests").glob("*.yaml"))
CODE = {"From": "authentik", "To": "+4915112345678", "Body": "482915"}
CODE_MESSAGE = (
    "**Your verification code**\n\n482915\n\n"
    "It expires in 5 minutes. If you did not ask for it, ignore this message."
)


def sent(signal: responses.RequestsMock) -> list[dict[str, Any]]:
    """The documents that Signal's server got."""
    return [json.loads(call.request.body or b"") for call in signal.calls]


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
            "recipients": ["+4915112345678"],
            "message": CODE_MESSAGE,
            "text_mode": "styled",
        }
    ]
    assert signal.calls[0].request.headers["Content-Type"] == "application/json"


def test_the_path_names_a_template(signal: responses.RequestsMock) -> None:
    document = {"severity": "notice", "body": "hello"}
    client().post("/v2/send/notification", json=document, headers=BEARER)
    assert sent(signal)[0]["message"] == "**authentik: notice**\n\nhello"
    assert sent(signal)[0]["recipients"] == [ADMIN]


def test_the_locale_chooses_the_language(signal: responses.RequestsMock) -> None:
    client().post("/v2/send", json={**CODE, "locale": "de-AT"}, headers=BEARER)
    assert sent(signal)[0]["message"].startswith("**Ihr Bestätigungscode**\n\n482915")


def test_signals_own_options_travel_on(
    signal: responses.RequestsMock, tmp_path: Path
) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text("clients: {authentik: {attachments: true}}")
    caller = client(templates_file=templates)
    options = {
        "notify_self": False,
        "base64_attachments": ["data:image/png;filename=../../etc/x.png;base64,QUJD"],
        "view_once": True,
        "mentions": [{"start": 0, "length": 1, "author": "+4915112345678"}],
        "quote_timestamp": 1700000000000,
        "quote_author": "+4915112345678",
        "edit_timestamp": 1700000000001,
        "sticker": "pack:1",
    }
    document = {"to": "+4915112345678", "message": "hello", **options}
    assert caller.post("/v2/send", json=document, headers=BEARER).status_code == 201
    assert sent(signal) == [
        {
            **options,
            "base64_attachments": ["data:image/png;filename=x.png;base64,QUJD"],
            "number": NUMBER,
            "recipients": ["+4915112345678"],
            "message": "hello",
            "text_mode": "normal",
        }
    ]


def test_a_callers_own_styled_text_keeps_its_styles(
    signal: responses.RequestsMock,
) -> None:
    document = {"to": "+4915112345678", "message": "**a** 2*3", "text_mode": "styled"}
    client().post("/v2/send", json=document, headers=BEARER)
    assert sent(signal)[0]["message"] == "**a** 23"
    assert sent(signal)[0]["text_mode"] == "styled"


def test_a_recipient_named_twice_gets_one_message(
    signal: responses.RequestsMock,
) -> None:
    numbers = ["+4915112345678", "0049 151 12345678", 4915112345678]
    client().post("/v2/send", json={**CODE, "recipients": numbers}, headers=BEARER)
    assert [document["recipients"] for document in sent(signal)] == [["+4915112345678"]]


@pytest.mark.parametrize(
    ("body", "status", "code", "sentence"),
    [
        (
            b"",
            400,
            "bad_request",
            "This request cannot be read: it is empty."
            " A webhook mapping without its 'return' does this.",
        ),
        (
            b'{"to": "+49',
            400,
            "bad_request",
            "This request cannot be read: it is not JSON.",
        ),
        (
            b"\xff\xfe\x00",
            400,
            "bad_request",
            "This request cannot be read: it is not JSON.",
        ),
        (
            b'{"Body": NaN}',
            400,
            "bad_request",
            "This request cannot be read: it is not JSON.",
        ),
        (
            b"[" * 200_000,
            400,
            "bad_request",
            "This request cannot be read: it is not JSON.",
        ),
        (
            b"[]",
            400,
            "bad_request",
            "This request cannot be read: it is JSON, but no object."
            " A webhook mapping must return a dict like {'to': …}.",
        ),
        (
            b"null",
            400,
            "bad_request",
            "This request cannot be read: it is JSON, but no object."
            " A webhook mapping must return a dict like {'to': …}.",
        ),
        (
            b'{"to": {"number": 1}, "token": "482915"}',
            400,
            "bad_request",
            "This request cannot be read: its recipients are neither texts nor numbers.",
        ),
        (
            b'{"to": "+4915112345678", "token": ["482915"]}',
            400,
            "bad_request",
            "This request cannot be read: its 'token' is no one-time code.",
        ),
        (
            b'{"to": "+4915112345678", "message": 5}',
            400,
            "bad_request",
            "This request cannot be read: its message is no text.",
        ),
        (
            json.dumps({"to": ["+4915112345678"] * 10_000, "token": "482915"}).encode(),
            400,
            "bad_request",
            "This request cannot be read: it has 10000 recipients, and 50 is the most.",
        ),
        (
            b'{"token": "482915"}',
            422,
            "no_recipient",
            "No message was sent. Tell the administrator: the request names no recipient."
            " Put a phone number in 'recipients'.",
        ),
        (
            b'{"to": "--help", "token": "482915"}',
            422,
            "invalid_recipient",
            "'--help' is not a number that Signal can reach. Sign out, sign in again, and"
            " enter the number with its country code, like +49 151 23456789.",
        ),
        (
            b'{"to": "foo\\u0000\\ud800\\u202e", "token": "482915"}',
            422,
            "invalid_recipient",
            "'foo' is not a number that Signal can reach. Sign out, sign in again, and"
            " enter the number with its country code, like +49 151 23456789.",
        ),
        (
            b'{"to": "+4915112345678"}',
            422,
            "no_message",
            "No message was sent. Tell the administrator: the request has neither a code nor"
            " a message.",
        ),
        (
            b'{"to": "+4915112345678", "message": " \\u0000\\u202e "}',
            422,
            "no_message",
            "No message was sent. Tell the administrator: the request has neither a code nor"
            " a message.",
        ),
        (
            b'{"to": "+4915112345678", "message": "Your code is: {token}"}',
            422,
            "unformatted_mapping",
            "No message was sent. Tell the administrator: the text still has {token} in it."
            " In the webhook mapping, put an f before its opening quote.",
        ),
    ],
)
def test_bad_input_gets_a_clear_answer_and_nothing_is_sent(
    body: bytes, status: int, code: str, sentence: str, signal: responses.RequestsMock
) -> None:
    answer = client().post("/v2/send", data=body, headers=BEARER)
    assert answer.status_code == status
    assert answer.json == {
        "error": sentence,
        "code": code,
        "request_id": answer.headers["X-Request-ID"],
    }
    assert not signal.calls


def test_a_code_is_never_sent_without_the_code(signal: responses.RequestsMock) -> None:
    document = {"to": "+4915112345678", "token": None}
    answer = client().post("/v2/send/sms", json=document, headers=BEARER)
    assert answer.json is not None
    assert answer.json["error"] == (
        "No message was sent. Tell the administrator: the message needs 'token', which the"
        " request does not have."
    )
    assert not signal.calls


@pytest.mark.parametrize("template", ["none", "..", "%2e%2e", "sms.__class__", "SMS"])
def test_a_template_that_does_not_exist_is_not_found(
    template: str, signal: responses.RequestsMock
) -> None:
    answer = client().post(f"/v2/send/{template}", json=CODE, headers=BEARER)
    assert answer.status_code == 404
    assert not signal.calls


def test_a_body_over_the_limit_is_not_read(signal: responses.RequestsMock) -> None:
    answer = client(max_body_bytes=1000).post(
        "/v2/send", data=b"x" * 1001, headers=BEARER
    )
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]) == (
        413,
        "This request is too large. At most 1000 bytes are accepted here.",
    )


class Broken:
    """A body whose reading fails as the server has it fail."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    "environ",
    [
        {"wsgi.input": io.BytesIO(b'{"To": "+49'), "CONTENT_LENGTH": "12"},
        {"wsgi.input": Broken(OSError("reset"))},
        {"wsgi.input": Broken(EOFError("no chunk"))},
    ],
)
def test_a_body_that_breaks_off_is_the_callers_mistake(
    environ: dict[str, Any], signal: responses.RequestsMock
) -> None:
    answer = client().post(
        "/v2/send",
        environ_overrides={**environ, "wsgi.input_terminated": True},
        headers=BEARER,
    )
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]) == (
        400,
        "This request cannot be read: it broke off on its way.",
    )
    assert not signal.calls


@pytest.mark.parametrize(("size", "status"), [(1000, 201), (1001, 413), (5000, 413)])
def test_a_chunked_body_over_the_limit_is_refused(
    size: int, status: int, signal: responses.RequestsMock
) -> None:
    answer = client(max_body_bytes=1000).post(
        "/v2/send",
        input_stream=io.BytesIO(json.dumps(CODE).encode().ljust(size)),
        environ_overrides={
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
        headers=BEARER,
    )
    assert answer.status_code == status


def test_another_sender_than_the_configured_one_is_forbidden(
    signal: responses.RequestsMock,
) -> None:
    document = {**CODE, "From": "+4915199999999"}
    answer = client().post("/v2/send", json=document, headers=BEARER)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert not signal.calls


def test_without_any_number_to_send_from_the_administrator_is_told(
    signal: responses.RequestsMock,
) -> None:
    answer = client(signal_number=None).post("/v2/send", json=CODE, headers=BEARER)
    assert answer.json is not None
    assert answer.json["error"] == (
        "No message was sent. Tell the administrator: there is no number to send from."
        " Set SIGNAL_NUMBER."
    )
