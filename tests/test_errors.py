"""What can go wrong, and the sentence that tells it."""

import pytest

from app.errors import KINDS, GatewayError, checked_sentence


def test_every_sentence_of_our_own_could_replace_itself_and_loses_blanks() -> None:
    for code, kind in KINDS.items():
        assert checked_sentence(code, f" {kind.sentence}\n") == kind.sentence


def test_a_sentence_from_the_configuration_replaces_only_that_of_its_code() -> None:
    error = GatewayError("missing_field", field="token")
    assert error.sentence({"missing_field": "Es fehlt: {field}"}) == "Es fehlt: token"
    odd = GatewayError("missing_field", field="{seconds}")
    assert odd.sentence({"missing_field": "{field}"}) == "{seconds}"
    assert error.sentence({"busy": "Besetzt"}) == (
        "No message was sent. Tell the administrator: the message needs 'token', which the"
        " request does not have."
    )


@pytest.mark.parametrize(
    "code, sentence, allowed",
    [
        ("busy", "  \n", "{seconds}, {wait}"),
        ("busy", "Too {many}", "{seconds}, {wait}"),
        ("busy", "Too {}", "{seconds}, {wait}"),
        ("busy", "Wait {seconds:d}", "{seconds}, {wait}"),
        ("busy", "Wait {seconds:{x}}", "{seconds}, {wait}"),
        ("invalid_recipient", "{value.__class__}", "{seconds}, {value}, {wait}"),
        ("invalid_recipient", "{value[0]}", "{seconds}, {value}, {wait}"),
        ("invalid_recipient", "{value", "{seconds}, {value}, {wait}"),
        ("invalid_recipient", "value}", "{seconds}, {value}, {wait}"),
    ],
)
def test_a_sentence_that_could_not_be_filled_is_refused(
    code: str, sentence: str, allowed: str
) -> None:
    with pytest.raises(ValueError) as error:
        checked_sentence(code, sentence)
    assert str(error.value) == f"must be a text whose only fields are {allowed}."
