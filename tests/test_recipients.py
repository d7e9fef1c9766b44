from typing import Any

import pytest

from app.errors import GatewayError
from app.recipients import read_recipients, read_sender

ANNA = "+4915111111111"
BERT = "+4915122222222"
GROUP = "group.YWJjZA=="
VARIABLES = {"NUMBER": ANNA, "ADMINS": f"{ANNA}, {GROUP}", "NOBODY": ""}
HUNDRED = [f"+49151000000{n:02}" for n in range(100)]


def refusal(value: Any, key: str = "recipients") -> tuple[str, str]:
    with pytest.raises(GatewayError) as caught:
        read_recipients(key, value, VARIABLES, "DE")
    return caught.value.code, caught.value.sentence({})


@pytest.mark.parametrize(
    ("value", "recipients"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        (" , ", ()),
        (ANNA, (ANNA,)),
        (4915111111111, (ANNA,)),
        ([4915111111111, BERT], (ANNA, BERT)),
        (f"{BERT} ,0151 11111111,", (BERT, ANNA)),
        ([BERT, GROUP, "u:Name.01", "name.01"], (BERT, GROUP, "name.01")),
        ([ANNA, "0049 151 11111111", BERT, ANNA], (ANNA, BERT)),
        ("{NOBODY}", ()),
        ("{NUMBER}", (ANNA,)),
        (" {{.ADMINS}} ", (ANNA, GROUP)),
        ([BERT, "{{ .ADMINS }}", "{ADMINS}"], (BERT, ANNA, GROUP)),
        (HUNDRED[:50], tuple(HUNDRED[:50])),
    ],
)
def test_recipients_are_canonical_each_once_in_their_order(
    value: Any, recipients: tuple[str, ...]
) -> None:
    assert read_recipients("recipients", value, VARIABLES, "DE") == recipients


@pytest.mark.parametrize("value", [HUNDRED[:51], ",".join(HUNDRED[:51]), [ANNA] * 51])
def test_more_than_fifty_recipients_are_refused(value: Any) -> None:
    assert refusal(value) == (
        "bad_request",
        "This request cannot be read: it has 51 recipients, and 50 is the most.",
    )


@pytest.mark.parametrize(
    "value", [True, 1.5, float("nan"), {"number": ANNA}, [None], [[ANNA]], [ANNA, {}]]
)
def test_a_recipient_of_another_type_is_refused(value: Any) -> None:
    assert refusal(value) == (
        "bad_request",
        "This request cannot be read: its recipients are neither texts nor numbers.",
    )


@pytest.mark.parametrize("value", [-1, 10**15, 10**4000])
def test_an_integer_that_is_no_phone_number_is_refused(value: int) -> None:
    with pytest.raises(GatewayError):
        read_recipients("to", [value], VARIABLES, "DE")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("foo", "foo"),
        (0, "+0"),
        (["-g"], "-g"),
        ([ANNA, "--help"], "--help"),
        ("hash:0123", "hash:0123"),
        ("{UNKNOWN}", "{UNKNOWN}"),
        ("{x.__class__}", "{x.__class__}"),
        ("a\u202eb\u200bc\u2028d\ud800", "abc d"),
        ("x" * 100_000, "x" * 40),
    ],
)
def test_what_is_no_recipient_is_named_cleaned_and_cut(value: Any, shown: str) -> None:
    assert refusal(value) == (
        "invalid_recipient",
        f"'{shown}' is not a number that Signal can reach. Sign out, sign in again,"
        " and enter the number with its country code, like +49 151 23456789.",
    )


@pytest.mark.parametrize("value", ["0049 151 11111111", "{NUMBER}", "{{ .NUMBER }}"])
def test_a_sender_is_a_number_or_a_placeholder_for_one(value: str) -> None:
    assert read_sender("From", value, VARIABLES) == ANNA


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        10**400,
        "",
        "authentik",
        "x" * 10_000,
        "-g",
        "{UNKNOWN}",
        "{ADMINS}",
        "\ud800",
    ],
)
def test_any_sender_that_is_no_number_means_the_default(value: Any) -> None:
    assert read_sender("From", value, VARIABLES) is None


@pytest.mark.parametrize("value", [True, 1.5, [ANNA], {"login": "x"}])
def test_a_sender_of_another_type_is_refused_but_for_the_key_of_others(
    value: Any,
) -> None:
    with pytest.raises(GatewayError) as caught:
        read_sender("number", value, VARIABLES)
    assert caught.value.sentence({}) == (
        "This request cannot be read: its 'number' is neither a text nor a number."
    )
    assert read_sender("sender", value, VARIABLES) is None


@pytest.mark.parametrize("typed", [f"{ANNA},{BERT}", "{ADMINS}", "{{.NUMBER}}"])
@pytest.mark.parametrize("key", ["To", "to", "recipient", "phone_number"])
def test_what_a_person_typed_is_one_recipient_and_no_variable(
    key: str, typed: str
) -> None:
    assert refusal(typed, key)[0] == "invalid_recipient"


def test_an_entry_of_a_list_is_one_recipient() -> None:
    assert refusal([f"{ANNA},{BERT}"])[0] == "invalid_recipient"
