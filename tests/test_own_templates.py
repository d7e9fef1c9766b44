"""Templates of the operator's own, in which any sender's keys are fields and nothing else."""

from typing import Any

import pytest

from tests.conftest import ADMIN
from tests.posting import ANNA, BERT, Result, post

GROUP = "group.YWJjZA=="
ALL = {ANNA, ADMIN, GROUP}
TEMPLATES = f"""
variables: {{INTERNAL: "{ADMIN}, {GROUP}"}}
templates:
  fixed: {{recipients: "{{INTERNAL}}", message: "{{x}}"}}
  field: {{recipients: ["{{user[phone]}}"], message: "{{x}}", answer: 200}}
  plus: {{recipients: ["+{{user[phone]}}", "{{INTERNAL}}"], message: "{{x}}", answer: 204}}
  open: {{message: "{{x}}"}}
"""
FOREIGN: dict[str, Any] = {
    "token": "xr3j5x3p4pfk7kk6ck7b4e6ghh",
    "code": -1,
    "message": {"a": 1},
    "text": 5,
    "From": "+4915199999999",
    "from": {"address": "anna@example.com"},
    "send_at": 1900000000,
    "body": "x",
    "severity": ["alert"],
    "attachments": [{"title": "y"}],
}
FILE = {"base64_attachments": ["QUJD"]}
FIXED = "templates: [fixed]"


def send(path: str, templates: str = TEMPLATES, **payload: Any) -> Result:
    return post({"x": "hi", **payload}, f"/v2/send/{path}", templates)


def test_the_keys_of_other_senders_have_no_meaning() -> None:
    more: dict[str, Any] = {"to": {"a": 1}, "recipients": [5.5], "Body": "123456"}
    assert send("fixed", **FOREIGN, **more).texts == {ADMIN: "hi", GROUP: "hi"}


def test_where_the_template_names_no_recipients_those_of_the_request_count() -> None:
    assert send("open", **FOREIGN, to=ANNA).texts == {ANNA: "hi"}
    assert set(send("open", **FOREIGN, recipients=[ANNA, BERT]).texts) == {ANNA, BERT}
    assert send("open", **FOREIGN).refusal[0] == "no_recipient"


def test_a_variable_that_is_empty_sends_no_alert_to_somebody_else() -> None:
    empty = TEMPLATES.replace(f"{ADMIN}, {GROUP}", "")
    assert send("fixed", empty, to=ANNA).refusal[0] == "no_recipient"


@pytest.mark.parametrize(
    ("path", "phone", "recipients"),
    [
        *(("field", phone, {ANNA}) for phone in (ANNA, [ANNA], " 0049 151 12345678\n")),
        ("field", "name.01", {"name.01"}),
        *(("plus", phone, ALL) for phone in (ANNA, "4915112345678", 4915112345678)),
        ("plus", ADMIN, {ADMIN, GROUP}),
    ],
)
def test_a_field_can_be_a_recipient(
    path: str, phone: Any, recipients: set[str]
) -> None:
    result = send(path, user={"phone": phone}, recipients=[BERT], to={"a": 1})
    assert set(result.texts) == recipients


@pytest.mark.parametrize("phone", [f"{ANNA},{BERT}", [ANNA, BERT], "{INTERNAL}", {}])
def test_one_field_is_one_recipient(phone: Any) -> None:
    assert send("field", user={"phone": phone}).refusal[0] == "invalid_recipient"
    assert set(send("plus", user={"phone": phone}).texts) == {ADMIN, GROUP}


@pytest.mark.parametrize("payload", [{}, {"user": None}, {"user": {"phone": None}}])
@pytest.mark.parametrize("path", ["field", "plus"])
def test_a_field_that_is_missing_is_named_in_the_log(
    path: str, payload: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(path, to=ANNA, **payload).refusal[0] == "no_recipient"
    assert "the request has no 'user[phone]'" in capsys.readouterr().err


def test_recipients_that_do_not_count_are_told_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert send("fixed").status == 201
    assert "detail" not in capsys.readouterr().err
    assert set(send("fixed", to=ANNA).texts) == {ADMIN, GROUP}
    told = "detail=\"the template's recipients count, not 'to'\""
    assert told in capsys.readouterr().err
    codes = f'templates: {{sms: {{recipients: "{ADMIN}", message: "{{token}}"}}}}'
    code = post({"To": ANNA, "Body": "004821"}, templates=codes)
    assert code.texts == {ADMIN: "004821"}


def test_the_status_for_success_is_the_templates() -> None:
    result = send("field", user={"phone": ANNA})
    assert (result.status, result.answer) == (200, {"timestamp": "1700000000000"})
    assert send("plus", user={"phone": ANNA}).status == 204
    assert send("field", user={"phone": "x"}).status == 422


@pytest.mark.parametrize(
    ("client_rules", "payload", "outcome"),
    [
        ("passthrough: true", {"sticker": "0a:1"}, "0a:1"),
        ("passthrough: true", {"sticker": 5}, "bad_request"),
        (FIXED, {"sticker": 5, "text_mode": 1, "mentions": "@anna"}, None),
        (FIXED, FILE, "forbidden"),
        (f"{FIXED}, attachments: true", {**FILE, "sticker": "0a:1"}, ["QUJD"]),
    ],
)
def test_signals_options_count_where_the_client_may_use_them(
    client_rules: str, payload: dict[str, Any], outcome: Any
) -> None:
    clients = f"clients: {{authentik: {{{client_rules}}}}}"
    result = send("fixed", f"{TEMPLATES}\n{clients}", **payload)
    options = result.sent[0] if result.sent else {"sticker": result.answer["code"]}
    assert options.get("base64_attachments", options.get("sticker")) == outcome
