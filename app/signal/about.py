"""What a server of Signal's tells of itself, for the operator."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from app.fields import clean
from app.signal.outcome import Outcome
from app.signal.transport import Answer, Endpoint, handed_over

LONGEST_WORD = 40  # characters of what a server says of itself


class Unusable(Exception):
    """The server is not there or is something else. The text says what is wrong, as part of a sentence."""


@dataclass(frozen=True)
class About:
    """``version`` and ``mode`` are the server's own words; ``clock`` is in seconds since 1970."""

    software: str
    version: str
    mode: str
    clock: float | None


def answered(endpoint: Endpoint, body: bytes, deadline: float) -> Answer:
    """The answer before ``deadline`` (`time.monotonic`); raises `Unusable` if there is none."""
    answer = handed_over(endpoint, body, deadline)
    if isinstance(answer, Outcome):
        raise Unusable(answer.detail)
    return answer


def word(document: Any, key: str) -> str:
    """The short text under ``key``; empty if there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return clean(value)[:LONGEST_WORD] if isinstance(value, str) else ""


def clock(answer: Answer) -> float | None:
    """When the server gave the answer, by its own clock."""
    try:
        return parsedate_to_datetime(answer.date or "").timestamp()
    except (ValueError, OverflowError):
        return None
