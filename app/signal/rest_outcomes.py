"""What signal-cli-rest-api's answers to ``/v2/send`` mean.

Its status codes do not tell whether a message went out: 400 may follow a completed send and 201 may
hide a failure, by mode (``normal``, ``native``, ``json-rpc``) and version. Its texts do tell, mostly.
They may be preceded by log lines of signal-cli, and newer versions put JSON into the text, so they are
searched and never compared. Sources: bbernhard/signal-cli-rest-api src/api/api.go and src/client/ at
0.100 and later, AsamK/signal-cli 0.14 SendCommand.java and SendMessageResultUtils.java.
"""

import re
from dataclasses import dataclass, replace

from app.signal.outcome import Outcome, State, not_sent, unknown

DEFAULT_RETRY_AFTER = 60  # seconds, where Signal's server names no time
LONGEST_RETRY_AFTER = 24 * 60 * 60

# One member's reason in `errors.recipients` of a 201 (signal-cli JsonSendMessageResult.Type), to our code.
REASONS = {
    "UNREGISTERED_FAILURE": "not_on_signal",
    "IDENTITY_FAILURE": "safety_number_changed",
    "RATE_LIMIT_FAILURE": "signal_rate_limited",
    "NETWORK_FAILURE": "signal_timeout",
    "INVALID_PRE_KEY_FAILURE": "signal_rejected",
}


@dataclass(frozen=True)
class Row:
    """A sign in the server's answer and what it means, for a group where that differs."""

    sign: re.Pattern[str]
    outcome: Outcome
    group_outcome: Outcome | None = None


def _row(sign: str, outcome: Outcome, group: Outcome | None = None) -> Row:
    return Row(re.compile(sign, re.DOTALL), outcome, group)


SENT = Outcome(State.SENT)
RESTARTING = not_sent(
    "signal_unreachable", "signal-cli behind the server is restarting"
)
_PARTLY = unknown("some members of the group may have received it")
_CAPTCHA = replace(
    not_sent("signal_rate_limited", "", DEFAULT_RETRY_AFTER),
    detail="Signal wants a captcha: solve https://signalcaptchas.org/challenge/generate.html"
    " from the server's own address and post it to its /v1/accounts/<number>/rate-limit-challenge",
    urgent=True,
)

# The first sign that is found decides, so what says "sent" or "unknown" stands before the rest.
TABLE = (
    # The command ended well, and only a line on stderr made the server say 400.
    _row(
        r"\A(?!.*Failed to send)(.*\n)?\s*\d{13}(?!\d)|after top-level value",
        replace(SENT, detail="sent, with a complaint of signal-cli"),
    ),
    # Without a final line "Failed to send …" the others of the recipients got it (issues 409, 586, 857).
    _row(
        r"Failed to send \(some\) messages:(?!.*Failed to send message)",
        replace(SENT, detail="sent, but not to all"),
    ),
    # Killed after 120 s, be it before, while or after sending (AsamK/signal-cli issue 1995).
    _row(
        r"process killed as timeout reached",
        unknown("signal-cli took over two minutes and was stopped"),
    ),
    # The write to signal-cli failed, so that it never saw the request; a broken read tells nothing.
    _row(
        r"\bwrite (tcp|unix)\b",
        RESTARTING,
    ),
    _row(
        r"\bread (tcp|unix)\b|connection reset|use of closed network connection|broken pipe|: EOF",
        unknown("the server lost signal-cli"),
    ),
    _row(
        r"signal-cli version is too old",
        not_sent(
            "signal_rejected", "Signal refuses this version of signal-cli: update it"
        ),
    ),
    _row(
        r"Error while checking account .*(\[40[13]\]|Authorization failed)",
        not_sent(
            "sender_not_registered",
            "Signal no longer accepts the sender: link or register it again",
        ),
    ),
    _row(
        r"Error while checking account",
        not_sent("signal_unreachable", "signal-cli could not reach Signal's servers"),
    ),
    _row(
        r"User \S+ is not registered|Specified account does not exist|Invalid account \(phone number\)",
        not_sent(
            "sender_not_registered",
            "the sender is not registered on the Signal server: link or register it",
        ),
    ),
    # Limits. A send to a group that runs into one may have reached some (AsamK/signal-cli issue 2071).
    _row(
        r"CAPTCHA proof required|\"token\" ?: ?\"[^\"]",
        _CAPTCHA,
        replace(_PARTLY, detail=_CAPTCHA.detail, urgent=True),
    ),
    _row(
        r"due to rate limiting|[Rr]ate limit|RATE_LIMIT_FAILURE|RateLimitException",
        not_sent(
            "signal_rate_limited", "Signal limits the sender", DEFAULT_RETRY_AFTER
        ),
        _PARTLY,
    ),
    # A network failure may come after Signal took the message.
    _row(
        r"Network failure for|NETWORK_FAILURE",
        unknown("signal-cli had a network failure while sending"),
    ),
    _row(
        r"untrusted (identities|recipient keys)|Untrusted Identity|IDENTITY_FAILURE",
        not_sent(
            "safety_number_changed",
            "the recipient's safety number changed: check it and trust it",
        ),
    ),
    _row(
        r"Unregistered user|UNREGISTERED_FAILURE",
        not_sent("not_on_signal", "the recipient is not on Signal"),
    ),
    _row(
        r"[Nn]o prekeys available|INVALID_PRE_KEY_FAILURE",
        not_sent(
            "signal_rejected", "the recipient has no keys: they must open Signal once"
        ),
    ),
    _row(
        r"Group not found|not a member in group|not allowed to send message to group|Invalid identifier"
        r"|Invalid Signal group|Invalid group id|Invalid phone number|provide at least one recipient",
        not_sent(
            "invalid_recipient",
            "the server does not know the recipient or may not write to it",
        ),
    ),
    _row(
        r"Sending empty message is not allowed",
        not_sent("no_message", "the server found the message empty"),
    ),
    _row(
        r"invalid request|sticker delimiter|view_once|illegal base64|base64 data does not exist|[Pp]review"
        r"|Quote author|cannot be specified together|more than one group|provide a valid number",
        not_sent("bad_request", "the server cannot read the request's options"),
    ),
    # An attachment or its upload: the message comes after it. For a group only part may be missing.
    _row(
        r"Failed to send message: .*Exception\)",
        not_sent("signal_rejected", "signal-cli could not send the message"),
        _PARTLY,
    ),
    # All that json-rpc tells: nobody there, or no network (src/client/jsonrpc2.go drops the reason).
    _row(
        r"Failed to send message",
        unknown("the server does not say whether it is the recipient or the network"),
    ),
)

# Answers without a text of signal-cli's: by status, `None` stands for any other.
BY_STATUS = {
    404: not_sent(
        "signal_rejected", "no signal-cli-rest-api at SIGNAL_API_URL: it answers 404"
    ),
    429: not_sent("signal_rate_limited", "the server answers 429", DEFAULT_RETRY_AFTER),
    503: not_sent("signal_unreachable", "the server answers 503"),
}
