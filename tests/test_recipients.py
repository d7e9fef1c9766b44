"""Who gets a message, from whom, and what is told of them."""

import json
from typing import Any

import pytest

from app.recipients import read_recipients, read_sender
from tests.conftest import ADMIN, NUMBER
from tests.posting import ANNA, BERT, Result, post

GROUP = "group.YWJjZA=="
VARIABLES = {"NUMBER": ANNA, "ADMINS": f"{ANNA}, {GROUP}", "NOBODY": "", "NAME": "Jo"}
SENDERS = {"N": NUMBER, "ADMINS": f"{NUMBER}, {ANNA}"}
HUNDRED = [f"+49151000000{n:02}" for n in range(100)]
TEMPLATES = f"""
variables: {{INTERNAL: "{ADMIN}, {GROUP}", NAME: Jo}}
templates: {{open: {{message: "{{x}}"}}}}
"""
CODES = (
    f"variables: {{NUMBER: '{NUMBER}'}}\ntemplates: {{sms: {{message: '{{token}}'}}}}"
)
BAD = (400, '{"error": "Invalid phone number \'x\'"}')
NO_GROUP = (400, '{"error": "Group not found: x"}')
TOO_MANY = "it has 51 recipients; 50 is the most"
OTHERS = "its recipients are neither texts nor numbers"
VARIABLE = "templates.yaml has no variable '{}' with recipients in it"
RETYPE = (
    " is not a number that Signal can reach. Sign out, sign in again,"
    " and enter the number with its country code, like +49 151 23456789."
)


def send(**payload: Any) -> Result:
    return post({"x": "hi", **payload}, "/v2/send/open", TEMPLATES)


@pytest.mark.parametrize(
    ("value", "recipients"),
    [
        (None, ()),
        ([], ()),
        (["", None, "\u200b", []], ()),
        (4915112345678, (ANNA,)),
        ([4915112345678, BERT], (ANNA, BERT)),
        (f"{BERT} ,0151 12345678,", (BERT, ANNA)),
        ([BERT, GROUP, "u:Name.01", "name.01"], (BERT, GROUP, "name.01")),
        ([ANNA, "0049 151 12345678", BERT, ANNA], (ANNA, BERT)),
        ("{NOBODY}", ()),
        (" {{.ADMINS}} ,{NUMBER}", (ANNA, GROUP)),
        ([BERT, "{{ .ADMINS }}", "{ADMINS}"], (BERT, ANNA, GROUP)),
        (HUNDRED[:50], tuple(HUNDRED[:50])),
    ],
)
def test_recipients_are_canonical_each_once_in_their_order(
    value: Any, recipients: tuple[str, ...]
) -> None:
    found = read_recipients("recipients", value, VARIABLES, "DE")
    assert tuple(found.shown) == recipients
    assert found.errors == {}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (HUNDRED[:51], TOO_MANY),
        (",".join(HUNDRED[:51]), TOO_MANY),
        ([ANNA] * 51, TOO_MANY),
        *((x, OTHERS) for x in (True, 1.5, {"number": ANNA}, [[ANNA]], [ANNA, {}])),
        ("{UNKNOWN}", VARIABLE.format("UNKNOWN")),
        (["{{.NAME}}"], VARIABLE.format("NAME")),
    ],
)
def test_recipients_that_cannot_be_read_are_refused(value: Any, told: str) -> None:
    sentence = f"This request cannot be read: {told}."
    assert send(recipients=value).refusal == ("bad_request", sentence)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((x, x) for x in ("foo", "--help", "{x.__class__}", f"{ANNA},{BERT}")),
        *((number, str(number)) for number in (0, -1, 10**15)),
        ("a\u202eb\u200bc\u2028d\ud800", "abc d"),
        ("x" * 100_000, "x" * 40),
    ],
)
def test_what_is_no_recipient_is_named_cleaned_and_cut(value: Any, shown: str) -> None:
    refused = send(recipients=[value]).refusal
    assert refused == ("invalid_recipient", f"'{shown}'{RETYPE}")
    result = send(recipients=[ANNA, value])
    assert result.texts == {ANNA: "hi"}
    told = {"number": shown, "reason": "invalid_recipient"}
    assert result.answer["errors"] == {"recipients": [told]}


@pytest.mark.parametrize("typed", [f"{ANNA},{BERT}", "{INTERNAL}", "{{.NUMBER}}"])
@pytest.mark.parametrize("key", ["To", "to", "recipient", "phone_number"])
def test_what_a_person_typed_is_one_recipient_and_no_variable(
    key: str, typed: str
) -> None:
    assert send(**{key: typed}).refusal[0] == "invalid_recipient"


@pytest.mark.parametrize("value", ["{INTERNAL}", ["foo", "{{.INTERNAL}}"]])
def test_no_answer_tells_the_value_of_a_variable(value: Any) -> None:
    payload = {"x": "hi", "recipients": value}
    refused = post(payload, "/v2/send/open", TEMPLATES, {ADMIN: BAD, GROUP: NO_GROUP})
    told = refused.answer["error"].removeprefix("'+49…111'")
    assert (refused.status, told) == (422, RETYPE)
    partly = post(payload, "/v2/send/open", TEMPLATES, {ADMIN: BAD}).answer
    masked = {"number": "+49…111", "reason": "invalid_recipient"}
    assert partly["errors"]["recipients"][0] == masked
    assert ADMIN not in str(partly)
    sender = post({**payload, "number": "{INTERNAL}"}, "/v2/send/open", TEMPLATES)
    assert GROUP not in str(sender.answer) and ADMIN not in str(sender.answer)


def test_members_of_a_group_are_left_out() -> None:
    member = {"number": ANNA, "reason": "UNREGISTERED_FAILURE"}
    body = json.dumps([{"timestamp": "17", "errors": {"recipients": [member]}}])
    payload = {"message": "x", "recipients": GROUP}
    assert post(payload, answers={GROUP: (201, body)}).answer == {"timestamp": "17"}


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"token": "4821", "number": "+4915199999999"}, 403),
        ({"message": "x", "number": 4915199999999}, 403),
        ({"To": ANNA, "Body": "4821", "From": "+4915199999999"}, 403),
        ({"To": ANNA, "Body": "4821", "From": "+49151999", "number": "{NUMBER}"}, 201),
        ({"message": "x", "From": "+4915199999999"}, 201),
        ({"token": "4821", "from": "+4915199999999"}, 201),
    ],
)
def test_the_sender_is_read_from_number_and_only_for_authentiks_code_from_from(
    payload: dict[str, Any], status: int
) -> None:
    result = post({"to": ANNA, **payload}, templates=CODES)
    assert result.status == status
    assert {document["number"] for document in result.sent} <= {NUMBER}


@pytest.mark.parametrize("value", [f"00{NUMBER[1:]}", int(NUMBER), "{N}", "{{ .N }}"])
def test_a_sender_is_a_number_or_a_placeholder_for_one(value: Any) -> None:
    assert read_sender(value, SENDERS) == NUMBER


@pytest.mark.parametrize(
    "value",
    [None, 3, 10**400, "", "authentik", "x" * 10_000, "-g", "{UNKNOWN}", "{ADMINS}"],
)
def test_any_text_that_is_no_number_means_the_default_sender(value: Any) -> None:
    assert read_sender(value, SENDERS) is None


@pytest.mark.parametrize("value", [True, 1.5, [ANNA], {"login": "x"}])
def test_a_sender_of_another_type_is_refused(value: Any) -> None:
    assert post({"to": ANNA, "message": "x", "number": value}).refusal == (
        "bad_request",
        "This request cannot be read: its 'number' is neither a text nor a number.",
    )
