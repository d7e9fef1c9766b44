"""What is handed to Signal, and what became of it for each recipient."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from app.styling import Styled


@dataclass(frozen=True)
class Message:
    """One text on its way. ``options`` are Signal's own, as signal-cli-rest-api calls them."""

    sender: str = field(repr=False)
    content: Styled = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


# If nobody got the message, the first of these reasons answers.
GRAVEST = (
    "signal_timeout",
    "sender_not_registered",
    "signal_rejected",
    "signal_unreachable",
    "busy",
    "signal_rate_limited",
    "rate_limited",
    "safety_number_changed",
    "not_on_signal",
)


class State(Enum):
    """What is known about a message: accepted, certainly not sent, or nobody can know."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


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


NOT_TO_ALL = "sent, but not to all members of the group"


def not_sent(code: str, detail: str, retry_after: int | None = None) -> Outcome:
    # Without its sender the gateway sends nothing at all until somebody acts.
    urgent = code == "sender_not_registered"
    return Outcome(State.NOT_SENT, code, detail, urgent, retry_after=retry_after)


def server_failed(code: str, detail: str) -> Outcome:
    """Not sent, and another server may do better."""
    return replace(not_sent(code, detail), server_failed=True)


def unknown(detail: str) -> Outcome:
    return Outcome(State.UNKNOWN, "signal_timeout", detail)


def sent(timestamp: Any = None, detail: str = "") -> Outcome:
    """Accepted by Signal at its ``timestamp``."""
    text = str(timestamp) if isinstance(timestamp, int | str) else ""
    is_time = text.isascii() and text.isdecimal() and len(text) < 20
    return Outcome(State.SENT, detail=detail, timestamp=text if is_time else None)


def gravest(outcome: Outcome) -> int:
    """A key to sort outcomes by: what was sent, then the gravest reason."""
    if outcome.code is None:
        return -1
    return GRAVEST.index(outcome.code) if outcome.code in GRAVEST else len(GRAVEST)


def state(outcomes: Iterable[Outcome]) -> str:
    """One word for all recipients: ``sent`` if anybody got it, else the graver of the rest."""
    states = {outcome.state for outcome in outcomes}
    order = (State.SENT, State.UNKNOWN, State.NOT_SENT)
    return next(known.value for known in order if known in states)


BUSY = not_sent("busy", "no turn in time: as many sends as are allowed were under way")
LATE = unknown("the server did not answer in time")


class Batch:
    """A message to its recipients at one server, shared by the threads that send it."""

    def __init__(self, message: Message, recipients: Sequence[str], deadline: float):
        self.message = message
        self.deadline = deadline
        self._recipients = recipients
        self._unsent = deque(recipients)
        self._done = SimpleQueue[tuple[str, Outcome | Exception]]()

    def take(self) -> Iterator[str]:
        """The recipients that are left; each goes to one thread only."""
        with suppress(IndexError):
            while True:
                yield self._unsent.popleft()

    def end(self, recipient: str, outcome: Outcome | Exception) -> None:
        self._done.put((recipient, outcome))

    def outcomes(self, deadline: float) -> dict[str, Outcome]:
        """What is known at the deadline; raises what a send raised, a bug."""
        found: dict[str, Outcome] = {}
        with suppress(Empty):
            while len(found) < len(self._recipients):
                left = max(deadline - monotonic(), 0)
                recipient, outcome = self._done.get(timeout=left)
                if isinstance(outcome, Exception):
                    raise outcome
                found[recipient] = outcome
        unsent = dict.fromkeys(self.take(), BUSY)
        return {**dict.fromkeys(self._recipients, LATE), **unsent, **found}
