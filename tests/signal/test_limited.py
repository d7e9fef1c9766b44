"""How long no new attempt is made towards a recipient whom Signal limits."""

import pytest

from app.signal import limited
from app.signal.limited import Limited
from app.signal.outcome import Message, Outcome, State, not_sent
from app.signal.signal_cli import CAPTCHA, later
from app.styling import plain

MESSAGE = Message("+4915100000001", plain("hello"))
UNNAMED = not_sent("signal_rate_limited", "limited", 60)


def pauses(*outcomes: Outcome) -> list[int]:
    """The time that is left after each outcome."""
    memory, found = Limited(), []
    for outcome in outcomes:
        memory.note(MESSAGE, "a", outcome)
        known = memory.outcome(MESSAGE, "a")
        found.append((known.retry_after or 0) if known else 0)
    return found


def test_the_time_that_signal_names_holds() -> None:
    assert pauses(not_sent("signal_rate_limited", "", 86400)) == [86400]


def test_whoever_solved_a_captcha_waits_a_quarter_of_an_hour_at_most() -> None:
    captcha = later(CAPTCHA, 86400)
    assert pauses(captcha, captcha) == [900, 900]


def test_without_a_time_it_is_a_minute_and_doubles_up_to_fifteen() -> None:
    assert pauses(*[UNNAMED] * 6) == [60, 120, 240, 480, 900, 900]


def test_any_other_outcome_of_an_attempt_ends_it() -> None:
    assert pauses(UNNAMED, Outcome(State.SENT), UNNAMED) == [60, 0, 60]


def test_what_was_no_attempt_changes_nothing() -> None:
    assert pauses(UNNAMED, not_sent("busy", ""), UNNAMED) == [60, 60, 120]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "MOST_PAIRS", 2)
    memory = Limited()
    for recipient in ("a", "b", "c"):
        memory.note(MESSAGE, recipient, UNNAMED)
    known = [memory.outcome(MESSAGE, recipient) for recipient in ("a", "b", "c")]
    assert [outcome is not None for outcome in known] == [False, True, True]
