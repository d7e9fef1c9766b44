import json
from typing import Any

import pytest

from app.errors import GatewayError
from app.options import Options
from app.payloads import SendRequest, first, read

NUMBER = "+4915100000001"
ANNA = "+4915111111111"
VARIABLES = {"NUMBER": NUMBER, "ADMINS": ANNA}


def parsed(raw: bytes) -> SendRequest:
    return read(raw, VARIABLES, "DE")


def request(**payload: Any) -> SendRequest:
    return parsed(json.dumps({"to": ANNA, **payload}).encode())


def refusal(raw: bytes) -> tuple[str, str]:
    with pytest.raises(GatewayError) as caught:
        parsed(raw)
    return caught.value.code, caught.value.sentence({})


def test_the_sms_stage_without_a_mapping() -> None:
    payload = {
        "From": "authentik",
        "To": "0151 11111111",
        "Body": "004821",
        "Message": "Use this code to authenticate in authentik: 004821",
    }
    assert parsed(json.dumps(payload).encode()) == SendRequest(
        fields={**payload, "token": "004821"},
        recipients=(ANNA,),
        sender=None,
        code="004821",
        message="Use this code to authenticate in authentik: 004821",
        locale=None,
        severity=None,
        is_notification=False,
        options=Options(styled=False, values={}),
    )


def test_the_simple_mapping_of_the_guide() -> None:
    found = parsed(
        b'{"recipients": ["+4915111111111"], "message": "Code: 004821",'
        b' "number": "{{.NUMBER}}", "text_mode": "styled"}'
    )
    assert (found.recipients, found.sender, found.code) == ((ANNA,), NUMBER, None)
    assert found.own_message() == "Code: 004821"
    assert found.options == Options(styled=True, values={})


def test_the_advanced_mapping_of_the_guide() -> None:
    found = parsed(
        b'{"recipients": "{ADMINS}", "token": "004821", "number": "{NUMBER}"}'
    )
    assert (found.recipients, found.sender, found.code) == ((ANNA,), NUMBER, "004821")


def test_the_notification_webhook_of_authentik() -> None:
    found = request(
        body="login_failed: {'a': None}", severity="alert", event_user_username=None
    )
    assert found.fields == {
        "to": ANNA,
        "body": "login_failed: {'a': None}",
        "severity": "alert",
        "event_user_username": None,
        "action": "login_failed",
        "fields": {"Severity": "alert"},
        "token": None,
    }
    assert (found.code, found.message) == (None, None)
    assert (found.severity, found.is_notification) == ("alert", True)


def test_the_slack_form_of_authentik() -> None:
    fields = [{"title": "Severity", "value": "notice"}]
    found = request(attachments=[{"title": "login", "fields": fields}])
    assert (found.severity, found.is_notification) == ("notice", True)
    assert found.fields["body"] == "login"


@pytest.mark.parametrize("severity", [5, {"a": 1}, ["x"]])
def test_a_severity_that_is_no_text_chooses_nothing(severity: Any) -> None:
    assert request(body="x", severity=severity).severity is None


@pytest.mark.parametrize(
    "payload", [{"recipient": ANNA}, {"To": ANNA}, {"phone_number": 4915111111111}]
)
def test_recipients_have_many_names(payload: dict[str, Any]) -> None:
    assert parsed(json.dumps(payload).encode()).recipients == (ANNA,)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"token": "004821"}, "004821"),
        ({"token": " 004821\n"}, "004821"),
        ({"token": "ABC-123"}, "ABC-123"),
        ({"Body": "1234"}, "1234"),
        ({"body": " 12345678 "}, "12345678"),
        ({"token": None, "code": "42"}, "42"),
        ({"token": " ", "otp": "42"}, "42"),
        ({"token": "111111", "Body": "222222", "otp": "333333"}, "111111"),
        ({}, None),
        ({"Body": "123"}, None),
        ({"Body": "123456789"}, None),
        ({"Body": "１２３４５６"}, None),
        ({"body": "004821", "severity": "notice"}, None),
        ({"body": True}, None),
    ],
)
def test_the_code_is_found(payload: dict[str, Any], code: str | None) -> None:
    assert request(**payload).code == code


@pytest.mark.parametrize("key", ["token", "Body", "body", "code", "otp"])
@pytest.mark.parametrize(
    ("number", "code"), [(4821, "004821"), (0, "000000"), (12345678, "12345678")]
)
def test_a_code_that_came_as_a_number_keeps_its_leading_zeros(
    key: str, number: int, code: str
) -> None:
    found = request(**{key: number})
    assert (found.code, found.fields["token"]) == (code, code)


@pytest.mark.parametrize("key", ["token", "code", "otp"])
@pytest.mark.parametrize("value", [True, False, 4821.0, -1, 10**8, 10**4000, [1], {}])
def test_a_code_of_another_type_is_refused(key: str, value: Any) -> None:
    assert refusal(json.dumps({"to": ANNA, key: value}).encode()) == (
        "bad_request",
        f"This request cannot be read: its '{key}' is no one-time code.",
    )


def test_a_status_beside_a_message_is_no_code() -> None:
    found = request(message="server down", code=500)
    assert (found.code, found.message) == (None, "server down")


def test_a_code_in_capital_body_counts_beside_a_severity() -> None:
    assert request(Body="004821", severity="x").code == "004821"
    assert request(body="004821", severity="x").code is None


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"message": "a", "text": "b", "Body": "c"}, "a"),
        ({"message": " ", "description": "b"}, "b"),
        ({"Message": "a", "body": "004821"}, "a"),
        ({"Body": "{x.__class__}"}, "{x.__class__}"),
        ({"body": "a\ud800\u202e\u2028"}, "a\ud800\u202e\u2028"),
    ],
)
def test_the_message_of_the_caller_is_found(
    payload: dict[str, Any], message: str
) -> None:
    assert request(**payload).own_message() == message


@pytest.mark.parametrize(
    "payload",
    [{}, {"message": None}, {"Body": "004821"}, {"body": "x", "severity": "notice"}],
)
def test_without_a_message_there_is_nothing_to_send(payload: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as caught:
        request(**payload).own_message()
    assert caught.value.code == "no_message"


def test_an_attachment_needs_no_message() -> None:
    assert request(base64_attachments=["QUJD"]).own_message() == ""


@pytest.mark.parametrize("message", [5, True, ["x"], {"x": "y"}])
def test_a_message_that_is_no_text_is_refused_when_it_is_sent(message: Any) -> None:
    with pytest.raises(GatewayError) as caught:
        request(message=message).own_message()
    assert caught.value.sentence({}) == (
        "This request cannot be read: its message is no text."
    )


@pytest.mark.parametrize(
    ("payload", "locale"),
    [({"locale": "", "lang": "de"}, "de"), ({"locale": 5}, None), ({}, None)],
)
def test_a_locale_is_a_text(payload: dict[str, Any], locale: str | None) -> None:
    assert request(**payload).locale == locale


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"message": "Code: {token}"}, "{token}"),
        ({"Message": "from {stage.from_number}"}, "{stage.…}"),
        ({"token": "{token}"}, "{token}"),
        ({"to": "{device.phone_number}"}, "{device.…}"),
        ({"recipients": [ANNA, "{device.phone_number}"]}, "{device.…}"),
    ],
)
def test_a_mapping_without_its_f_is_told(payload: dict[str, Any], shown: str) -> None:
    assert refusal(json.dumps({"to": ANNA, **payload}).encode()) == (
        "unformatted_mapping",
        f"No message was sent. Tell the administrator: the text still has {shown} in it."
        " In the webhook mapping, put an f before its opening quote.",
    )


@pytest.mark.parametrize("raw", [b"", b" \r\n\t"])
def test_an_empty_body_is_a_mapping_without_return(raw: bytes) -> None:
    assert refusal(raw) == (
        "bad_request",
        "This request cannot be read: it is empty. A webhook mapping without its"
        " 'return' does this.",
    )


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"text"', b"5", b"true"])
def test_json_that_is_no_object_is_refused(raw: bytes) -> None:
    assert refusal(raw) == (
        "bad_request",
        "This request cannot be read: it is JSON, but no object. A webhook mapping must"
        " return a dict like {'to': …}.",
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"to=%2B49",
        b"{",
        b"{'to': 1}",
        b'{"to": 1} x',
        b'{"to": NaN}',
        b'{"to": -Infinity}',
        b"\x00",
        b"\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'{"to": ' + b"9" * 5000 + b"}",
        b'{"to": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"to": ' * 100_000,
    ],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    assert refusal(raw) == (
        "bad_request",
        "This request cannot be read: it is not JSON.",
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_json_is_read_in_every_unicode_encoding(encoding: str) -> None:
    raw = '{"to": "+4915111111111", "message": "Grüße"}'.encode(encoding)
    assert parsed(raw).own_message() == "Grüße"


def test_of_a_key_that_is_there_twice_the_last_value_counts() -> None:
    assert parsed(b'{"message": "a", "message": "b"}').own_message() == "b"


def test_a_deeply_nested_value_is_a_field_like_any_other() -> None:
    found = parsed(b'{"message": "a", "x": ' + b"[" * 900 + b"]" * 900 + b"}")
    assert found.own_message() == "a" and found.fields["x"][0][0]


def test_the_first_value_that_is_neither_null_nor_blank_counts() -> None:
    payload = {"a": None, "b": " \n", "c": 0, "d": "x"}
    assert first(payload, ("z", "a", "b", "c", "d")) == 0
    assert first(payload, ("a", "b")) is None


def test_the_repr_of_a_request_shows_nothing_of_it() -> None:
    assert repr(request(token="004821")) == "SendRequest(…)"
