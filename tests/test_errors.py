"""What can go wrong, and the sentence that tells it."""

import pytest

from app.errors import KINDS, ConfigurationError, GatewayError, checked_sentence


@pytest.mark.parametrize(
    "error, status, sentence",
    [
        (
            GatewayError("bad_request", hint="it is not JSON"),
            400,
            "This request cannot be read: it is not JSON.",
        ),
        (
            GatewayError("missing_field", field="token"),
            422,
            "No message was sent. Tell the administrator: the message needs 'token', which the"
            " request does not have.",
        ),
        (
            GatewayError("rate_limited", retry_after=17),
            429,
            "Too many messages. Try again in 17 seconds; for a new code, sign out and sign in again.",
        ),
    ],
)
def test_an_error_has_a_status_and_a_sentence_with_its_names(
    error: GatewayError, status: int, sentence: str
) -> None:
    assert (error.status, error.sentence({})) == (status, sentence)


def test_every_sentence_of_our_own_could_replace_itself() -> None:
    for code, kind in KINDS.items():
        assert checked_sentence(code, kind.sentence) == kind.sentence


def test_a_sentence_from_the_configuration_replaces_only_that_of_its_code() -> None:
    sentences = {"missing_field": "Es fehlt: {field}"}
    assert (
        GatewayError("missing_field", field="token").sentence(sentences)
        == "Es fehlt: token"
    )
    assert GatewayError("busy").sentence(sentences) == (
        "The message was not sent: too many are waiting. Try again in a minute;"
        " for a new code, sign out and sign in again."
    )


def test_a_name_in_a_value_is_not_filled_in_again() -> None:
    error = GatewayError("missing_field", field="{seconds}")
    assert error.sentence({"missing_field": "{field}"}) == "{seconds}"


def test_the_detail_for_the_log_stays_out_of_the_sentence_and_out_of_the_exception() -> (
    None
):
    error = GatewayError("forbidden", detail="the client may not use this number")
    assert "client" not in error.sentence({}) and str(error) == "forbidden"


def test_a_checked_sentence_loses_the_blanks_around_it() -> None:
    assert (
        checked_sentence("busy", " In {seconds} s wieder.\n")
        == "In {seconds} s wieder."
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


@pytest.mark.parametrize(
    "problems, text",
    [
        (
            ["A is wrong."],
            "The gateway cannot start: 1 problem in its configuration.\n- A is wrong.",
        ),
        (
            ["A is wrong.", "B is too."],
            "The gateway cannot start: 2 problems in its configuration.\n- A is wrong.\n- B is too.",
        ),
    ],
)
def test_all_problems_of_a_configuration_are_told_at_once(
    problems: list[str], text: str
) -> None:
    error = ConfigurationError(problems)
    assert str(error) == text and error.problems == problems
