"""Reading what signal-cli says about a send, whichever server passes it on.

A line counts only as a whole, so that no name in it can be taken for an outcome. What matches
nothing is *unknown*.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.fields import look_up, mappings
from app.signal.outcome import GRAVEST, NOT_TO_ALL, Outcome, State, not_sent, unknown
from app.signal.reasons import CAPTCHA, LIMITED, LINES, MAY_BE_PARTIAL, NO_REASON
from app.signal.transport import parsed, sent

NEW_TYPE = unknown("signal-cli gives a reason that is not known here")
_LINES = [
    (outcome, re.compile(line.strip()))
    for outcome, lines in LINES.items()
    for line in lines.strip().split("\n")
]


def read_text(text: str) -> Outcome | None:
    """The gravest outcome that the lines of a text tell; ``None`` if they tell none.

    A line may be a report in JSON, by newer versions of signal-cli-rest-api.
    """
    lines = [line.strip() for line in text.splitlines()]
    told = _gravest(read_results(parsed(line)) or _read_line(line) for line in lines)
    is_bare = not told and "Failed to send message" in lines
    return NO_REASON if is_bare else told


def read_results(report: Any) -> Outcome | None:
    """The outcome of a report of results, sent if anybody got it; ``None`` without results."""
    results = mappings(look_up(report, ["results"]))
    failed = [result for result in results if result.get("type") != "SUCCESS"]
    if len(failed) < len(results):
        return sent(report.get("timestamp"), NOT_TO_ALL if failed else "")
    return _gravest(map(read_result, failed))


def _gravest(told: Iterable[Outcome | None]) -> Outcome | None:
    return min(filter(None, told), key=_gravity, default=None)


def _gravity(outcome: Outcome) -> tuple[bool, int]:
    """What may have reached somebody hides what certainly did not."""
    may_be_partial = outcome.detail in MAY_BE_PARTIAL
    is_certain = outcome.state is State.NOT_SENT and not may_be_partial
    return is_certain, GRAVEST.index(outcome.code)


def read_result(result: Any) -> Outcome:
    """The outcome of a result; signal-cli-rest-api calls its type a reason."""
    kind = look_up(result, ["type"]) or look_up(result, ["reason"])
    told = _read_line(str(kind)) or NEW_TYPE
    if told == LIMITED and look_up(result, ["token"]):
        told = CAPTCHA
    return _later(told, look_up(result, ["retryAfterSeconds"]))


def _read_line(line: str) -> Outcome | None:
    for outcome, sign in _LINES:
        if match := sign.fullmatch(line):
            return _later(outcome, "".join(match.groups("")))
    return None


def _later(outcome: Outcome, seconds: object) -> Outcome:
    """``outcome`` with the time to wait that Signal may name, up to a day."""
    if outcome.retry_after is None or not re.fullmatch(r"\d{1,9}", str(seconds)):
        return outcome
    return replace(outcome, retry_after=min(max(int(str(seconds)), 1), 24 * 60 * 60))


def for_recipient(outcome: Outcome, recipient: str) -> Outcome:
    """What is certain for a person may be unknown for a group."""
    if recipient.startswith("group.") and outcome.detail in MAY_BE_PARTIAL:
        detail = f"some members of the group may have received it: {outcome.detail}"
        return replace(unknown(detail), urgent=outcome.urgent)
    return outcome


def by_status(status: int, server: str) -> Outcome:
    """What the status alone means. ``server`` is what may be missing at the address."""
    if 300 <= status < 500 and status != 400:
        hint = f"is it the address of {server}?"
        return not_sent("signal_rejected", f"SIGNAL_API_URL answers {status}: {hint}")
    return unknown(f"the server answers {status}, which says nothing about the message")
