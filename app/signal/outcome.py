"""What is handed to Signal, and what became of it for each recipient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from app.styling import Styled


@dataclass(frozen=True)
class Message:
    """One text on its way. ``options`` are Signal's own, in the names of signal-cli-rest-api."""

    sender: str = field(repr=False)
    content: Styled = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


class State(Enum):
    """What is known of a message: it was accepted, it was certainly not sent, or nobody can know."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What became of a message for one recipient.

    ``code`` is a key of `app.errors.KINDS` unless it was sent. ``detail`` is for the log alone, in
    our own words; ``urgent`` if it asks for a person now, ``server_failed`` if it was the server that
    did not answer. ``timestamp`` is Signal's, in milliseconds.
    ``backend`` is the server that was asked, as host and port.
    ``missed`` are members of a group that did not get it, each with the code of its reason.
    """

    state: State
    code: str | None = None
    detail: str = ""
    urgent: bool = False
    server_failed: bool = False
    timestamp: str | None = field(default=None, repr=False)
    retry_after: int | None = None
    missed: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    backend: str = field(default="none", compare=False)


def not_sent(code: str, detail: str, retry_after: int | None = None) -> Outcome:
    urgent = code == "sender_not_registered"  # until then no message at all goes out
    return Outcome(State.NOT_SENT, code, detail, urgent, retry_after=retry_after)


def unknown(detail: str) -> Outcome:
    return Outcome(State.UNKNOWN, "signal_timeout", detail)


def state(outcomes: Sequence[Outcome]) -> str:
    """One word for all recipients of a message: ``sent`` if any got it for certain, else the graver."""
    states = {outcome.state for outcome in outcomes}
    order = (State.SENT, State.UNKNOWN, State.NOT_SENT)
    return next(known.value for known in order if known in states)
