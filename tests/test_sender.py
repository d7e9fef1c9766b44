"""The number that a message comes from."""

from typing import Any

import pytest

from app.recipients import read_sender
from tests.conftest import NUMBER
from tests.posting import ANNA, post

VARIABLES = {"N": NUMBER, "ADMINS": f"{NUMBER}, {ANNA}"}
TEMPLATES = (
    f'variables: {{NUMBER: "{NUMBER}"}}\ntemplates: {{sms: {{message: "{{token}}"}}}}'
)


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
    result = post({"to": ANNA, **payload}, templates=TEMPLATES)
    assert result.status == status
    assert [document["number"] for document in result.sent] == [NUMBER] * (
        status == 201
    )


@pytest.mark.parametrize("value", [f"00{NUMBER[1:]}", int(NUMBER), "{N}", "{{ .N }}"])
def test_a_sender_is_a_number_or_a_placeholder_for_one(value: Any) -> None:
    assert read_sender(value, VARIABLES) == NUMBER


@pytest.mark.parametrize(
    "value",
    [None, 3, 10**400, "", "authentik", "x" * 10_000, "-g", "{UNKNOWN}", "{ADMINS}"],
)
def test_any_text_that_is_no_number_means_the_default_sender(value: Any) -> None:
    assert read_sender(value, VARIABLES) is None


@pytest.mark.parametrize("value", [True, 1.5, [ANNA], {"login": "x"}])
def test_a_sender_of_another_type_is_refused(value: Any) -> None:
    assert post({"to": ANNA, "message": "x", "number": value}).refusal == (
        "bad_request",
        "This request cannot be read: its 'number' is neither a text nor a number.",
    )
