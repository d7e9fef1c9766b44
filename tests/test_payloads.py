"""What a payload is: a code, a text, or nothing that is certain enough to be sent."""

from base64 import b64encode
from typing import Any

import pytest

from app import payloads
from tests.conftest import ADMIN, NUMBER, TOKEN
from tests.posting import ANNA, Result, post

TEMPLATES = f"""
variables: {{NUMBER: "{NUMBER}"}}
templates:
  sms: {{message: "code {{token}}"}}
  notification: {{recipients: "{ADMIN}", message: "{{severity}}: {{body}}"}}
  open: {{message: "open {{x}}"}}
"""
NO_MESSAGE = (
    "no_message",
    "No message was sent. Tell the administrator: the request has neither a code nor a"
    " message. Another sender's body needs a template.",
)
UNREAD = "This request cannot be read: "
OWN_TOKEN = f"{UNREAD}its text would tell the sender's own token to the recipient."
ENCODED = b64encode(f"any:{TOKEN}".encode()).decode()
UUID = "5a3c1c2e-9f5e-4c9b-8a62-6b1f4b1b0c11"


def send(payload: dict[str, Any], path: str = "/v2/send") -> Result:
    return post(payload, path, TEMPLATES)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"To": ANNA, "Body": "004821"}, "004821"),
        ({"To": ANNA, "Body": "004821", "Message": "It is 004821"}, "004821"),
        ({"To": ANNA, "Body": " 0123456789 ", "Message": None}, "0123456789"),
        ({"To": ANNA, "Body": 4821, "From": "authentik", "number": ""}, "004821"),
        ({"to": ANNA, "token": "4821"}, "4821"),
        ({"recipient": ANNA, "code": " W50XNG\n"}, "W50XNG"),
        ({"recipients": [ANNA], "otp": "abcdefghi9"}, "abcdefghi9"),
        ({"phone_number": ANNA, "token": None, "code": " ", "otp": "4242"}, "4242"),
        ({"to": ANNA, "token": "111111", "otp": "222222", "x": 5}, "111111"),
        ({"to": ANNA, "token": "111111", "message": " ", "text": None}, "111111"),
        ({"to": ANNA, "token": 0}, "000000"),
        ({"to": ANNA, "code": 1234567890}, "1234567890"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/send", "/v2/send/sms"])
def test_what_looks_like_a_code_and_has_no_text_beside_it_is_one(
    payload: dict[str, Any], code: str, path: str
) -> None:
    assert send(payload, path).texts == {ANNA: f"code {code}"}


@pytest.mark.parametrize(
    "value",
    ["123", "12345678901", "ABC-123", "abcdef", "１２３４５６", "https://x.test/1"]
    + [UUID, True, 4821.0, -1, 10**10, ["4821"], {"a": 1}],
)
@pytest.mark.parametrize("key", payloads.CODE_KEYS)
def test_what_does_not_look_like_a_code_is_not_sent_as_one(
    key: str, value: Any
) -> None:
    payload = {"to": ANNA, key: value}
    assert send(payload).refusal == NO_MESSAGE
    assert send(payload, "/v2/send/sms").refusal[0] == "missing_field"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"token": "123456", "body": "x", "send_at": None}, "x"),
        ({"otp": 123456, "description": "x"}, "x"),
        ({"Body": "004821"}, "004821"),
        ({"To": ANNA, "Body": "123"}, "123"),
        ({"To": ANNA, "Body": "12345678901"}, "12345678901"),
        ({"To": ANNA, "Body": "004821", "text": "x"}, "x"),
        ({"To": ANNA, "Body": "004821", "Message": "x"}, "x"),
        ({"message": "a", "Message": "b", "msg": "c", "text": "d", "Body": "e"}, "a"),
        ({"message": " \u200b", "content": "b", "body": "c"}, "b"),
        ({"Body": "{x.__class__}", "body": "b"}, "{x.__class__}"),
        ({"message": "one\r\ntwo\u202e"}, "one\ntwo"),
    ],
)
def test_a_text_goes_out_as_it_is_whatever_stands_beside_it(
    payload: dict[str, Any], text: str
) -> None:
    payload = {"to": ANNA, **payload}
    assert send(payload).texts == {ANNA: text}
    assert send(payload, "/v2/send/sms").refusal[0] == "missing_field"


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"message": 5}, "its message is no text"),
        ({"text": {"a": "x"}}, "its message is no text"),
        ({"send_at": 1}, "'send_at' is not supported: nothing is sent later"),
    ],
)
def test_what_is_no_text_is_not_sent(payload: dict[str, Any], told: str) -> None:
    assert send({"to": ANNA, **payload}).refusal == ("bad_request", f"{UNREAD}{told}.")
    for blank in (None, " \x00\u202e "):
        assert send({"to": ANNA, "message": blank}).refusal == NO_MESSAGE


@pytest.mark.parametrize(
    "payload",
    [
        {"Body": TOKEN},
        {"message": "s3cr3t-**gateway**-token", "text_mode": "styled"},
        {"message": f"Basic {ENCODED}"},
        {"x": {"deep": [TOKEN]}},
        {"message": "x", "quote_message": f"said {TOKEN}"},
    ],
)
def test_the_callers_own_credential_is_never_sent(payload: dict[str, Any]) -> None:
    path = "/v2/send/open" if "x" in payload else "/v2/send"
    headers = {"Authorization": f"Basic {ENCODED}"}
    result = post({"to": ANNA, **payload}, path, TEMPLATES, headers=headers)
    assert result.refusal == ("bad_request", OWN_TOKEN)


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"message": "Code: {token}"}, "{token}"),
        ({"Message": "from {stage.from_number}"}, "{stage.from_number}"),
        ({"token": "{token}"}, "{token}"),
        ({"to": "{device.phone_number}"}, "{device.phone_number}"),
        ({"recipients": [ANNA, "{device.phone_number}"]}, "{device.phone_number}"),
    ],
)
def test_a_mapping_without_its_f_is_told(payload: dict[str, Any], shown: str) -> None:
    assert send({"to": ANNA, **payload}).refusal == (
        "unformatted_mapping",
        f"No message was sent. Tell the administrator: the text still has {shown} in it."
        " In the webhook mapping, put an f before its opening quote.",
    )


def test_the_repr_of_a_request_shows_nothing_of_it() -> None:
    shown = repr(payloads.read({"to": ANNA, "token": "4821"}, {}, None))
    assert "4821" not in shown and ANNA not in shown
