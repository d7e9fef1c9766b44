"""What signal-cli tells of a send, whichever server passes it on.

Sources: AsamK/signal-cli 0.14, SendCommand.java, SendMessageResultUtils.java and
JsonSendMessageResult.java; issues are that project's unless named otherwise.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.signal.outcome import Outcome, State, not_sent, unknown

DEFAULT_RETRY_AFTER = 60  # seconds, where Signal names no time
LONGEST_RETRY_AFTER = 24 * 60 * 60

SENT = Outcome(State.SENT)
PARTLY = unknown("some members of the group may have received it")
NETWORK = unknown("signal-cli had a network failure, which may come after the sending")
UNREGISTERED_SENDER = not_sent(
    "sender_not_registered",
    "the sender is not registered on the Signal server: link or register it",
)
NOT_ON_SIGNAL = not_sent("not_on_signal", "the recipient is not on Signal")
UNTRUSTED = not_sent(
    "safety_number_changed",
    "the recipient's safety number changed: check it and trust it",
)
LIMITED = not_sent(
    "signal_rate_limited", "Signal limits the sender", DEFAULT_RETRY_AFTER
)
CAPTCHA = replace(
    LIMITED,
    detail="Signal wants a captcha before the sender may go on: a person must solve"
    " https://signalcaptchas.org/challenge/generate.html from the server's own address and"
    " submit it there (/v1/accounts/<number>/rate-limit-challenge, or submitRateLimitChallenge)",
    urgent=True,
)
PARTLY_BEFORE_CAPTCHA = replace(PARTLY, detail=CAPTCHA.detail, urgent=True)
NO_KEYS = not_sent(
    "signal_rejected", "the recipient has no keys: they must open Signal once"
)
FAILED = not_sent("signal_rejected", "signal-cli could not send the message")
NEW_TYPE = unknown("signal-cli names a reason that is not known")

# The types of a result but SUCCESS, the gravest first: what is unknown hides what is not.
TYPES = {
    "NETWORK_FAILURE": NETWORK,
    "RATE_LIMIT_FAILURE": LIMITED,
    "IDENTITY_FAILURE": UNTRUSTED,
    "UNREGISTERED_FAILURE": NOT_ON_SIGNAL,
    "INVALID_PRE_KEY_FAILURE": NO_KEYS,
}
GRAVEST = list(TYPES)


@dataclass(frozen=True)
class Row:
    """A sign in a text and what it means, for a group where that differs."""

    sign: re.Pattern[str]
    outcome: Outcome
    group_outcome: Outcome | None = None


def row(sign: str, outcome: Outcome, group: Outcome | None = None) -> Row:
    return Row(re.compile(sign, re.DOTALL), outcome, group)


# Texts of errors that both servers pass on. The first sign that is found decides.
TEXTS = (
    row(r"Specified account does not exist", UNREGISTERED_SENDER),
    # A send to a group that runs into a limit may have reached some (issue 2071).
    row(r"due to rate limiting|[Rr]ate limit|RateLimitException", LIMITED, PARTLY),
    row(r"untrusted (identities|recipient keys)|Untrusted Identity", UNTRUSTED),
    row(
        r"Group not found|not a member in group|not allowed to send message to group"
        r"|Invalid identifier|Invalid Signal group|Invalid group id|Invalid phone number"
        r"|provide at least one recipient",
        not_sent(
            "invalid_recipient",
            "the server does not know the recipient or may not write to it",
        ),
    ),
    row(r"please first update your profile", FAILED),
    row(
        r"Sending empty message is not allowed",
        not_sent("no_message", "the server found the message empty"),
    ),
    # An attachment or its upload: the message comes after it. For a group only part may be missing.
    row(r"Failed to send message: .*Exception\)", FAILED, PARTLY),
)


def matching(rows: Iterable[Row], text: str, recipient: str) -> Outcome | None:
    """The outcome of the first row whose sign is in ``text``."""
    for candidate in rows:
        if candidate.sign.search(text):
            if recipient.startswith("group.") and candidate.group_outcome:
                return candidate.group_outcome
            return candidate.outcome
    return None


def by_type(kind: Any) -> Outcome:
    """The outcome of one result's type; of one that is not known nobody can say what it means."""
    return TYPES.get(kind, NEW_TYPE) if isinstance(kind, str) else NEW_TYPE


def gravity(kind: Any) -> int:
    """The place of a result's type among all of them, the gravest first: one that is not known."""
    return GRAVEST.index(kind) if kind in GRAVEST else -1


def name_of(address: Mapping[str, Any]) -> str:
    """Whom a result is about, by what the server knows of them."""
    names = (address.get(key) for key in ("number", "username", "uuid"))
    return next((name for name in names if name and isinstance(name, str)), "")


def later(outcome: Outcome, seconds: int) -> Outcome:
    """``outcome`` with the time to wait that Signal names, within bounds."""
    return replace(outcome, retry_after=min(max(seconds, 1), LONGEST_RETRY_AFTER))


def sent(timestamp: Any, missed: Mapping[str, Outcome]) -> Outcome:
    """Accepted by Signal at its ``timestamp``, but for ``missed`` members of a group."""
    text = str(timestamp) if isinstance(timestamp, int | str) else ""
    is_time = text.isascii() and text.isdecimal() and len(text) < 20
    reasons = tuple(
        (name, outcome.code or "") for name, outcome in missed.items() if name
    )
    return Outcome(State.SENT, timestamp=text if is_time else None, missed=reasons)
