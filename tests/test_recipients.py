"""Who gets a message: what a request names, what a template names, and what is told of them."""

import json
from typing import Any

import pytest

from app.errors import GatewayError
from app.recipients import read_recipients
from tests.conftest import ADMIN
from tests.posting import ANNA, BERT, Result, post

GROUP = "group.YWJjZA=="
VARIABLES = {"NUMBER": ANNA, "ADMINS": f"{ANNA}, {GROUP}", "NOBODY": "", "NAME": "Jo"}
HUNDRED = [f"+49151000000{n:02}" for n in range(100)]
TEMPLATES = f"""
variables: {{INTERNAL: "{ADMIN}, {GROUP}", NAME: Jo}}
templates: {{open: {{message: "{{x}}"}}}}
"""
BAD = (400, '{"error": "Invalid phone number \'x\'"}')
NO_GROUP = (400, '{"error": "Group not found: x"}')
RETYPE = (
    " is not a number that Signal can reach. Sign out, sign in again,"
    " and enter the number with its country code, like +49 151 23456789."
)


def send(**payload: Any) -> Result:
    return post({"x": "hi", **payload}, "/v2/send/open", TEMPLATES)


def refusal(value: Any, key: str = "recipients") -> tuple[str, str]:
    with pytest.raises(GatewayError) as caught:
        read_recipients(key, value, VARIABLES, "DE")
    return caught.value.code, caught.value.sentence({})


@pytest.mark.parametrize(
    ("value", "recipients"),
    [
        (None, ()),
        ([], ()),
        (["", None, "\u200b"], ()),
        (4915112345678, (ANNA,)),
        ([4915112345678, BERT], (ANNA, BERT)),
        (f"{BERT} ,0151 12345678,", (BERT, ANNA)),
        ([BERT, GROUP, "u:Name.01", "name.01"], (BERT, GROUP, "name.01")),
        ([ANNA, "0049 151 12345678", BERT, ANNA], (ANNA, BERT)),
        ("{NOBODY}", ()),
        (" {{.ADMINS}} ", (ANNA, GROUP)),
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


@pytest.mark.parametrize("value", [HUNDRED[:51], ",".join(HUNDRED[:51]), [ANNA] * 51])
def test_more_than_fifty_recipients_are_refused(value: Any) -> None:
    assert refusal(value) == (
        "bad_request",
        "This request cannot be read: it has 51 recipients; 50 is the most.",
    )


@pytest.mark.parametrize("value", [True, 1.5, {"number": ANNA}, [[ANNA]], [ANNA, {}]])
def test_a_recipient_of_another_type_is_refused(value: Any) -> None:
    assert refusal(value) == (
        "bad_request",
        "This request cannot be read: its recipients are neither texts nor numbers.",
    )


@pytest.mark.parametrize("value", ["{UNKNOWN}", ["{{.UNKNOWN}}"]])
def test_a_variable_that_does_not_exist_is_told_by_its_name(value: Any) -> None:
    assert refusal(value) == (
        "bad_request",
        "This request cannot be read: templates.yaml has no variable 'UNKNOWN' for a"
        " recipient.",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("foo", "foo"),
        (f"{ANNA},{BERT}", f"{ANNA},{BERT}"),
        (0, "0"),
        (-1, "-1"),
        (10**15, str(10**15)),
        ("--help", "--help"),
        ("{x.__class__}", "{x.__class__}"),
        ("a\u202eb\u200bc\u2028d\ud800", "abc d"),
        ("x" * 100_000, "x" * 40),
    ],
)
def test_what_is_no_recipient_is_named_cleaned_and_cut(value: Any, shown: str) -> None:
    result = send(recipients=[value])
    assert result.refusal == ("invalid_recipient", f"'{shown}'{RETYPE}")
    result = send(recipients=[ANNA, value])
    assert result.texts == {ANNA: "hi"}
    assert result.answer["errors"] == {
        "recipients": [{"number": shown, "reason": "invalid_recipient"}]
    }


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


def test_a_variable_that_is_no_recipient_is_told_by_its_name_alone() -> None:
    assert send(recipients="{NAME}").refusal == (
        "bad_request",
        "This request cannot be read: no recipient stands in the variable" " 'NAME'.",
    )


def test_members_of_a_group_are_left_out() -> None:
    member = {"number": ANNA, "reason": "UNREGISTERED_FAILURE"}
    body = json.dumps([{"timestamp": "17", "errors": {"recipients": [member]}}])
    payload = {"message": "x", "recipients": GROUP}
    assert post(payload, answers={GROUP: (201, body)}).answer == {"timestamp": "17"}
