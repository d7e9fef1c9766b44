"""What signal-cli-rest-api's answers to ``/v2/send`` mean.

Its status codes do not tell whether a message went out: 400 may follow a completed send and 201 may
hide a failure, by mode (``normal``, ``native``, ``json-rpc``) and version. Its texts do tell, mostly.
They may be preceded by log lines of signal-cli, and versions after 0.100 put JSON into the text, so
they are searched and never compared. Sources: bbernhard/signal-cli-rest-api src/api/api.go,
src/client/cli.go and src/client/jsonrpc2.go at 0.100 and later; issues are that project's.
"""

from dataclasses import replace

from app.signal.outcome import not_sent, unknown
from app.signal.signal_cli import (
    CAPTCHA,
    LIMITED,
    NETWORK,
    NO_KEYS,
    NOT_ON_SIGNAL,
    PARTLY,
    PARTLY_BEFORE_CAPTCHA,
    SENT,
    TEXTS,
    UNREGISTERED_SENDER,
    UNTRUSTED,
    row,
)

RESTARTING = not_sent(
    "signal_unreachable", "signal-cli behind the server is restarting"
)

# The first sign that is found decides, so what says "sent" or "unknown" stands before the rest.
TABLE = (
    # The command ended well, and only a line on stderr made the server say 400.
    row(
        r"(?m)\A(?!.*Failed to send).*?^[ \t]*\d{13}(?!\d)|after top-level value",
        replace(SENT, detail="sent, with a complaint of signal-cli"),
    ),
    # Without a final line "Failed to send …" the others of the recipients got it (409, 586, 857).
    row(
        r"Failed to send \(some\) messages:(?!.*Failed to send message)",
        replace(SENT, detail="sent, but not to all"),
    ),
    # Killed after 120 s, be it before, while or after sending (AsamK/signal-cli issue 1995).
    row(
        r"process killed as timeout reached",
        unknown("signal-cli took over two minutes and was stopped"),
    ),
    # The write to signal-cli failed, so that it never saw the request; a broken read tells nothing.
    row(r"\bwrite (tcp|unix)\b", RESTARTING),
    row(
        r"\bread (tcp|unix)\b|connection reset|use of closed network connection|broken pipe|: EOF",
        unknown("the server lost signal-cli"),
    ),
    # Before signal-cli sends anything it checks the account with Signal (App.java).
    row(
        r"signal-cli version is too old",
        not_sent(
            "signal_rejected", "Signal refuses this version of signal-cli: update it"
        ),
    ),
    row(
        r"Error while checking account .*(\[40[13]\]|Authorization failed)",
        replace(
            UNREGISTERED_SENDER,
            detail="Signal no longer accepts the sender: link or register it again",
        ),
    ),
    row(
        r"Error while checking account",
        not_sent("signal_unreachable", "signal-cli could not reach Signal's servers"),
    ),
    row(
        r"User \S+ is not registered|Invalid account \(phone number\)",
        UNREGISTERED_SENDER,
    ),
    # One line, or one result in JSON, for each recipient: there is only one, or a group.
    row(
        r"CAPTCHA proof required|\"token\" ?: ?\"[^\"]", CAPTCHA, PARTLY_BEFORE_CAPTCHA
    ),
    row(r"Rate limit failure for|RATE_LIMIT_FAILURE", LIMITED, PARTLY),
    row(r"Network failure for|NETWORK_FAILURE", NETWORK),
    row(r"Untrusted Identity|IDENTITY_FAILURE", UNTRUSTED),
    row(r"Unregistered user|UNREGISTERED_FAILURE", NOT_ON_SIGNAL),
    row(r"[Nn]o prekeys available|INVALID_PRE_KEY_FAILURE", NO_KEYS),
    # What the server itself refuses before it calls signal-cli (api.go, client.go).
    row(
        r"invalid request|sticker delimiter|view_once|illegal base64|base64 data does not exist"
        r"|[Pp]review|Quote author|cannot be specified together|more than one group"
        r"|provide a valid number",
        not_sent("bad_request", "the server cannot read the request's options"),
    ),
    *TEXTS,
    # All that json-rpc tells: nobody there, or no network (jsonrpc2.go drops the reason).
    row(
        r"Failed to send message",
        unknown("the server does not say whether it is the recipient or the network"),
    ),
)

# Answers without a text of signal-cli's.
BY_STATUS = {
    404: not_sent(
        "signal_rejected", "no signal-cli-rest-api at SIGNAL_API_URL: it answers 404"
    ),
    429: replace(LIMITED, detail="the server answers 429"),
}
