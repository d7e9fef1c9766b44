"""What is handed to Signal, and what became of it for each recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol

from app.styling import Styled


@dataclass(frozen=True)
class Message:
    """One text on its way. ``options`` are Signal's own, as signal-cli-rest-api calls them."""

    sender: str = field(repr=False)
    content: Styled = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


# If nobody got the message, the first of these reasons answers; a success goes before all.
GRAVEST = (
    None,
    "signal_timeout",
    "sender_not_registered",
    "signal_rejected",
    "signal_unreachable",
    "busy",
    "signal_rate_limited",
    "rate_limited",
    "safety_number_changed",
    "not_on_signal",
    "invalid_recipient",
    "no_message",
    "bad_request",
)
NOT_TO_ALL = "sent, but not to all members of the group"


class State(Enum):
    """What is known about a message: accepted, nobody can know, or certainly not sent."""

    SENT = "sent"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Outcome:
    """What became of a message for one recipient.

    ``code`` is a key of `app.errors.KINDS` unless it was sent. ``detail`` is for the log and
    in our own words. ``urgent`` asks for a person now; ``server_failed`` says that the cause is
    the server or its account, not the message or its recipient. ``timestamp`` is Signal's, in
    milliseconds. ``backend`` is the server that was asked, as host and port.
    """

    state: State
    code: str | None = None
    detail: str = ""
    urgent: bool = False
    server_failed: bool = False
    timestamp: str | None = field(default=None, repr=False)
    retry_after: int | None = None
    backend: str = field(default="none", compare=False)


def not_sent(code: str, detail: str, retry_after: int | None = None) -> Outcome:
    # Without its sender the gateway sends nothing at all until somebody acts.
    urgent = code == "sender_not_registered"
    return Outcome(State.NOT_SENT, code, detail, urgent, retry_after=retry_after)


def server_failed(code: str, detail: str) -> Outcome:
    """Not sent, and another server may do better."""
    return replace(not_sent(code, detail), server_failed=True)


def unknown(detail: str) -> Outcome:
    return Outcome(State.UNKNOWN, "signal_timeout", detail)


class Backend(Protocol):
    """A server that takes messages for Signal."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome: ...
    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None: ...
    def concurrency(self, deadline: float) -> int | None: ...
    def accounts(self, deadline: float) -> list[str] | None: ...
