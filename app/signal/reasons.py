"""What signal-cli says instead of sending a message, and what each of it means.

Sources: AsamK/signal-cli 0.14, SendCommand.java, SendMessageResultUtils.java,
JsonSendMessageResult.java and App.java; bbernhard/signal-cli-rest-api 0.100 and later,
client.go and cli.go; and both of them run without a network to Signal.
"""

from dataclasses import replace

from app.signal.outcome import not_sent, server_failed, unknown

NO_REASON = unknown("signal-cli does not say if it is the recipient or the network")
NOT_LOADED = server_failed(
    "sender_not_registered",
    "the server does not know the sender: either it could not reach Signal when it was"
    " started (check its network and restart it), or the number is not linked (link it)",
)
RESTARTING = server_failed("signal_unreachable", "signal-cli is restarting")
NO_UPLOAD = server_failed("signal_unreachable", "signal-cli could not upload to Signal")
UNTRUSTED = not_sent(
    "safety_number_changed",
    "the recipient's safety number changed: check it and trust it",
)
# Signal may name a time to wait: this is for where it does not.
LIMITED = not_sent("signal_rate_limited", "Signal limits the sender", retry_after=60)
CAPTCHA = replace(
    LIMITED,
    detail="Signal wants a captcha before the sender may go on: a person must solve"
    " https://signalcaptchas.org/challenge/generate.html from the server's own address and"
    " submit it there (/v1/accounts/<number>/rate-limit-challenge, or submitRateLimitChallenge)",
    urgent=True,
)
FAILED = not_sent("signal_rejected", "signal-cli could not send the message")

# In a group, some may have the message by then (signal-cli issue 2071).
MAY_BE_PARTIAL = {reason.detail for reason in (NO_UPLOAD, LIMITED, CAPTCHA, FAILED)}

# By outcome, the types of a result and the whole lines of a text that tell it, as regular
# expressions. The first that matches counts.
LINES = {
    # Before anything is sent: the server and its account.
    NOT_LOADED: r"""
        Specified account does not exist
        Method requires valid account parameter
        Number not registered with JSON-RPC""",
    server_failed(
        "signal_rejected", "Signal refuses this version of signal-cli: update it"
    ): r"(?:Error while checking account \S+: )?signal-cli version is too old.*",
    server_failed(
        "sender_not_registered",
        "Signal does not accept the sender: link or register it on the Signal server",
    ): r"""
        User \S+ is not registered\.
        Invalid account \(phone number\), make sure .*
        Error while checking account .*(?:\[40[13]\]|Authorization failed).*""",
    server_failed("signal_unreachable", "signal-cli cannot reach Signal"): r"""
        Error while checking account .*
        Unable to check if users are registered\b.*""",
    server_failed(
        "signal_rejected",
        "the server cannot start signal-cli: see its log, its memory, its space in /tmp"
        " and its folder of accounts",
    ): r"""
        Failed to read local accounts list
        Error loading state file for user .*
        exec: "[^"]*": executable file not found in \$PATH
        fork/exec .*
        Error occurred during initialization of VM
        open /tmp/.*: no space left on device""",
    RESTARTING: r"write (?:tcp|unix)\b.*",
    # One line for each recipient: there is only one, or a group's members.
    unknown("signal-cli had a network failure, perhaps after sending"): r"""
        NETWORK_FAILURE
        (?:\S+: )?Network failure\b.*""",
    CAPTCHA: r'(?:\S+: )?CAPTCHA proof required\b(?:.* or wait "(\d{1,9})")?.*',
    LIMITED: r"""
        RATE_LIMIT_FAILURE
        (?:\S+: )?Rate limit failure\b(?:.*, retry after (\d{1,9}) )?.*
        Rate limit reached\b.*
        Failed to send message due to rate limiting\b.*
        (?:Failed to send message: )?\[429\] .* \(RateLimitException\).*""",
    UNTRUSTED: r"""
        IDENTITY_FAILURE
        (?:\S+: )?Untrusted Identity\b.*
        Failed to send message due to untrusted identities
        Unable to complete request due to untrusted recipient keys""",
    not_sent("not_on_signal", "the recipient is not on Signal"): r"""
        UNREGISTERED_FAILURE
        (?:\S+: )?Unregistered user\b.*""",
    not_sent("signal_rejected", "no keys: the recipient must open Signal"): r"""
        INVALID_PRE_KEY_FAILURE
        (?:\S+: )?No prekeys available\b.*""",
    # The message as a whole. An upload comes before the message itself.
    NO_UPLOAD: r"Failed to send message: (?:Closed unexp|Write fail|No connect).*",
    FAILED: r"Failed to send message: .*Exception\)",
    # The request.
    not_sent(
        "invalid_recipient",
        "the server does not take the recipient, or the sender may not write to the group",
    ): r"""
        Group not found: .*
        User is not (?:a member in|allowed to send message to) group: .*
        Invalid (?:identifier|Signal group size|group id)\b.*
        Cannot send message to group - please first update your profile\.
        Invalid phone number '[^']*'.*""",
    server_failed("signal_rejected", "the sender does not have this sticker pack"): r"""
        Failed to send sticker: Sticker pack not found""",
    server_failed(
        "signal_rejected",
        "the server does not find a person whom the message mentions or quotes on Signal:"
        " either they are not there, or the server cannot reach Signal",
    ): r"The user \S+ is not registered\.",
    not_sent("no_message", "the server found the message empty"): r"""
        Sending empty message is not allowed, .*""",
    not_sent("bad_request", "the server cannot read the request's options"): r"""
        Couldn't process request - .*
        'view_once' can only be set for .*
        illegal base64 data .*
        The base64 data does not exist\.
        Quote author parameter is missing
        Invalid (?:textStyle|style)\b.*""",
}
