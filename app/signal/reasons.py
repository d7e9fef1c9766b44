"""Why a message was not sent: signal-cli's types and lines, and what each of them means.

Sources: AsamK/signal-cli 0.14, SendCommand.java, SendMessageResultUtils.java,
JsonSendMessageResult.java and App.java; bbernhard/signal-cli-rest-api 0.100 and later,
client.go and cli.go; and both of them run without a network to Signal.
"""

from dataclasses import replace

from app.signal.outcome import Outcome, not_sent, server_failed, unknown

DEFAULT_RETRY_AFTER = 60  # seconds, where Signal names no time

PARTLY = unknown("some members of the group may have received it")
NETWORK = unknown("signal-cli had a network failure, perhaps after sending")
NO_REASON = unknown("signal-cli does not say if it is the recipient or the network")
NEW_TYPE = unknown("signal-cli gives a reason that is not known here")

NOT_LOADED = server_failed(
    "sender_not_registered",
    "the server does not know the sender: either it could not reach Signal when it was"
    " started (check its network and restart it), or the number is not linked (link it)",
)
UNLINKED = server_failed(
    "sender_not_registered",
    "Signal does not accept the sender: link or register it on the Signal server",
)
OUT_OF_REACH = server_failed("signal_unreachable", "signal-cli cannot reach Signal")
NOT_UPLOADED = replace(OUT_OF_REACH, detail="signal-cli could not upload to Signal")
RESTARTING = replace(OUT_OF_REACH, detail="signal-cli behind the server is restarting")
TOO_OLD = server_failed(
    "signal_rejected", "Signal refuses this version of signal-cli: update it"
)
NO_ACCOUNTS = replace(TOO_OLD, detail="signal-cli cannot read its folder of accounts")
NO_PROGRAM = replace(TOO_OLD, detail="the server cannot start signal-cli: see its log")
NO_SPACE = replace(TOO_OLD, detail="the server has no space left in /tmp")
NO_STICKER = replace(TOO_OLD, detail="the sender does not have this sticker pack")
NO_AUTHOR = replace(
    TOO_OLD,
    detail="the server does not find a person whom the message mentions or quotes on"
    " Signal: either they are not there, or the server cannot reach Signal",
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
FAILED = not_sent("signal_rejected", "signal-cli could not send the message")
NO_KEYS = replace(FAILED, detail="the recipient has no keys: they must open Signal")
NO_RECIPIENT = not_sent("invalid_recipient", "the server does not take the recipient")
NO_GROUP = replace(NO_RECIPIENT, detail="the sender may not write to this group")
UNREADABLE = not_sent("bad_request", "the server cannot read the request's options")
NO_TEXT = not_sent("no_message", "the server found the message empty")

# A send to a group that runs into one of these may have reached some (signal-cli issue 2071).
FOR_GROUPS = {
    LIMITED: PARTLY,
    CAPTCHA: replace(PARTLY, detail=CAPTCHA.detail, urgent=True),
    FAILED: PARTLY,
    NOT_UPLOADED: PARTLY,
}

# The types of a result other than SUCCESS, the gravest first: what is unknown hides the rest.
TYPES = {
    "NETWORK_FAILURE": NETWORK,
    "RATE_LIMIT_FAILURE": LIMITED,
    "IDENTITY_FAILURE": UNTRUSTED,
    "UNREGISTERED_FAILURE": NOT_ON_SIGNAL,
    "INVALID_PRE_KEY_FAILURE": NO_KEYS,
}

# Whole lines; the first that matches counts.
LINES: tuple[tuple[Outcome, str], ...] = (
    # Before anything is sent: the server and its account.
    (NOT_LOADED, r"Specified account does not exist"),
    (NOT_LOADED, r"Method requires valid account parameter"),
    (NOT_LOADED, r"Number not registered with JSON-RPC"),
    (UNLINKED, r"User \S+ is not registered\."),
    (UNLINKED, r"Invalid account \(phone number\), make sure .*"),
    (
        TOO_OLD,
        r"(?:Error while checking account \S+: )?signal-cli version is too old.*",
    ),
    (UNLINKED, r"Error while checking account .*(?:\[40[13]\]|Authorization failed).*"),
    (OUT_OF_REACH, r"Error while checking account .*"),
    (NO_ACCOUNTS, r"Failed to read local accounts list"),
    (NO_ACCOUNTS, r"Error loading state file for user .*"),
    (NO_PROGRAM, r'exec: "[^"]*": executable file not found in \$PATH|fork/exec .*'),
    (NO_PROGRAM, r"Error occurred during initialization of VM"),
    (NO_SPACE, r"open /tmp/.*: no space left on device"),
    (RESTARTING, r"write (?:tcp|unix)\b.*"),
    # One line for each recipient: there is only one, or a group's members.
    (NETWORK, r"(?:\S+: )?Network failure\b.*"),
    (CAPTCHA, r'(?:\S+: )?CAPTCHA proof required\b(?:.* or wait "(\d{1,9})")?.*'),
    (LIMITED, r"(?:\S+: )?Rate limit failure\b(?:.*, retry after (\d{1,9}) )?.*"),
    (UNTRUSTED, r"(?:\S+: )?Untrusted Identity\b.*"),
    (NOT_ON_SIGNAL, r"(?:\S+: )?Unregistered user\b.*"),
    (NO_KEYS, r"(?:\S+: )?No prekeys available\b.*"),
    # The message as a whole. An upload comes before the message itself.
    (LIMITED, r"Failed to send message due to rate limiting\b.*"),
    (LIMITED, r"(?:Failed to send message: )?\[429\] .* \(RateLimitException\).*"),
    (UNTRUSTED, r"Failed to send message due to untrusted identities"),
    (UNTRUSTED, r"Unable to complete request due to untrusted recipient keys"),
    (NOT_UPLOADED, r"Failed to send message: (?:Closed unexp|Write fail|No connect).*"),
    (FAILED, r"Failed to send message: .*Exception\)"),
    # The request.
    (NO_GROUP, r"Group not found: .*"),
    (NO_GROUP, r"User is not (?:a member in|allowed to send message to) group: .*"),
    (NO_GROUP, r"Invalid (?:identifier|Signal group size|group id)\b.*"),
    (NO_GROUP, r"Cannot send message to group - please first update your profile\."),
    (NO_RECIPIENT, r"Invalid phone number '[^']*'.*"),
    (NO_STICKER, r"Failed to send sticker: Sticker pack not found"),
    (NO_AUTHOR, r"The user \S+ is not registered\."),
    (NO_TEXT, r"Sending empty message is not allowed, .*"),
    (UNREADABLE, r"Couldn't process request - .*|'view_once' can only be set for .*"),
    (UNREADABLE, r"illegal base64 data .*|The base64 data does not exist\."),
    (UNREADABLE, r"Quote author parameter is missing|Invalid (?:textStyle|style)\b.*"),
)
