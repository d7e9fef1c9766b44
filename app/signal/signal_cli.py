"""Reading what signal-cli says about a send, whichever server passes it on.

A line counts only as a whole, so that no name in it can be taken for an outcome. What matches
nothing is *unknown*.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.fields import mappings
from app.signal.outcome import NOT_TO_ALL, Outcome, State
from app.signal.reasons import (
    CAPTCHA,
    FOR_GROUPS,
    LIMITED,
    LINES,
    NEW_TYPE,
    NO_REASON,
    OUT_OF_REACH,
    TYPES,
)
from app.signal.transport import sent

LONGEST_RETRY_AFTER = 24 * 60 * 60  # seconds

_LINES = [(outcome, re.compile(sign)) for outcome, sign in LINES]


def read_text(text: str, recipient: str) -> Outcome | None:
    """The outcome that a text of several lines tells; ``None`` if it tells none."""
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        if results := _results(line):
            return read_results(results, recipient)
    found = [told for line in lines if (told := _read_line(line, recipient))]
    found.sort(key=lambda outcome: outcome.state is not State.UNKNOWN)
    if found:
        return found[0]
    return NO_REASON if "Failed to send message" in lines else None


def _results(line: str) -> Mapping[str, Any] | None:
    """The results that newer versions of signal-cli-rest-api put into the text as JSON."""
    try:
        document = json.loads(line) if line.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    is_report = isinstance(document, dict) and "results" in document
    return document if is_report else None


def _read_line(line: str, recipient: str) -> Outcome | None:
    for outcome, sign in _LINES:
        if match := sign.fullmatch(line):
            seconds = next(filter(None, match.groups()), None)
            told = for_recipient(outcome, recipient)
            return later(told, int(seconds)) if seconds else told
    return None


def read_results(response: Mapping[str, Any], recipient: str) -> Outcome:
    """The outcome of a list of results: sent if anybody got it or nobody else was there."""
    entries = mappings(response.get("results"))
    failed = [entry for entry in entries if entry.get("type") != "SUCCESS"]
    if entries and len(failed) == len(entries):
        return _gravest(failed, recipient)
    return sent(response.get("timestamp"), NOT_TO_ALL if failed else "")


def _gravest(failed: Iterable[Mapping[str, Any]], recipient: str) -> Outcome:
    kinds = [*TYPES]  # the gravest first; one that is not known is graver
    entry = min(
        failed, key=lambda e: kinds.index(e["type"]) if e.get("type") in kinds else -1
    )
    outcome = by_type(entry.get("type"))
    if outcome is LIMITED and entry.get("token"):
        outcome = CAPTCHA
    outcome = for_recipient(outcome, recipient)
    seconds = entry.get("retryAfterSeconds")
    return later(outcome, seconds) if type(seconds) is int else outcome


def by_type(kind: Any) -> Outcome:
    """The outcome of one result's type."""
    return TYPES.get(kind, NEW_TYPE) if isinstance(kind, str) else NEW_TYPE


def for_recipient(outcome: Outcome, recipient: str) -> Outcome:
    """What is certain for a person may be unknown for a group."""
    is_group = recipient.startswith("group.")
    return FOR_GROUPS.get(outcome, outcome) if is_group else outcome


def doubt(error: str) -> Outcome | None:
    """What a look-up's error says about "not on Signal": the server could not know."""
    if error.startswith("Rate limit reached"):
        return LIMITED
    is_away = error.startswith("Unable to check if users are registered")
    return OUT_OF_REACH if is_away else None


def later(outcome: Outcome, seconds: int) -> Outcome:
    """``outcome`` with the time to wait that Signal names, within bounds."""
    if outcome.retry_after is None:
        return outcome
    return replace(outcome, retry_after=min(max(seconds, 1), LONGEST_RETRY_AFTER))
