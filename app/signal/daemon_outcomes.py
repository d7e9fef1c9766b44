"""What the answers of ``signal-cli daemon --http`` mean.

It answers 200 whether the send went well or not; the JSON-RPC error has a code, and for a send that
reached nobody the reason for each recipient. Sources: AsamK/signal-cli 0.14,
SignalJsonRpcCommandHandler.java, HttpServerHandler.java, Main.java (codes).
"""

from app.signal.outcome import not_sent, unknown
from app.signal.signal_cli import (
    FAILED,
    LIMITED,
    PARTLY,
    TEXTS,
    UNREGISTERED_SENDER,
    UNTRUSTED,
    row,
)

# By the error's code, where its text does not say more; the second is for groups.
BY_CODE = {
    -1: (
        unknown("signal-cli does not say whether it is the recipient or the network"),
        None,
    ),
    -4: (UNTRUSTED, None),
    -5: (LIMITED, PARTLY),
    -32600: (not_sent("signal_rejected", "signal-cli cannot read the request"), None),
    -32601: (
        not_sent("signal_rejected", "this signal-cli does not know the method"),
        None,
    ),
    -32602: (UNREGISTERED_SENDER, None),
    -32603: (FAILED, PARTLY),
    -32700: (not_sent("signal_rejected", "signal-cli cannot read the request"), None),
}

TABLE = (
    # Several accounts are loaded, or none, and the request named none that is.
    row(r"Method requires valid account parameter", UNREGISTERED_SENDER),
    row(
        r"Invalid textStyle|Invalid style|Quote author|[Pp]review|[Ss]ticker|[Mm]ention"
        r"|AttachmentInvalidException|Invalid attachment",
        not_sent("bad_request", "the server cannot read the request's options"),
    ),
    *TEXTS,
)

# Below JSON-RPC: the request never came to signal-cli's own code.
BY_STATUS = {
    404: not_sent(
        "signal_rejected", "no signal-cli daemon at SIGNAL_API_URL: it answers 404"
    ),
    405: not_sent(
        "signal_rejected", "no signal-cli daemon at SIGNAL_API_URL: it answers 405"
    ),
    415: not_sent("signal_rejected", "the daemon does not take JSON: it answers 415"),
    421: not_sent(
        "signal_rejected",
        "the daemon refuses this host name (421): start it with --http 0.0.0.0:PORT",
    ),
}
