"""``signal-cli daemon --http`` as a backend: JSON-RPC, one ``send`` for each recipient.

It answers 200 whether the send went well or not; the error has a code, and for a send that reached
nobody the reason for each recipient. Sources: AsamK/signal-cli 0.14,
SignalJsonRpcCommandHandler.java, HttpServerHandler.java, Main.java (codes).
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.reasons import LIMITED, NO_REASON, NOT_LOADED, UNTRUSTED
from app.signal.signal_cli import doubt, for_recipient, read_results, read_text
from app.signal.transport import Answer, Unusable, call, hand_over, word
from app.styling import to_ranges

# Signal's options that are passed on under another name; those with more to them are in _options.
_RENAMED = {
    "quote_timestamp": "quoteTimestamp",
    "quote_author": "quoteAuthor",
    "quote_message": "quoteMessage",
    "edit_timestamp": "editTimestamp",
    "view_once": "viewOnce",
    "sticker": "sticker",
}
MENTION = "{start}:{length}:{author}"
PLAIN = "data:application/octet-stream;base64,"
_ACI = re.compile(r"[0-9a-f-]{36}")
CONCURRENCY = 96  # it serves each request on a thread of its own

# By the error's code, where its text does not say more. -32603 may come after a send.
UNREADABLE = not_sent("signal_rejected", "signal-cli cannot read the request")
BY_CODE = {
    -1: NO_REASON,
    -4: UNTRUSTED,
    -5: LIMITED,
    -32600: UNREADABLE,
    -32601: UNREADABLE,
    -32602: NOT_LOADED,
    -32603: unknown("signal-cli had an error, perhaps after sending"),
    -32700: UNREADABLE,
}
NEW_ERROR = unknown("signal-cli answers with an error that is not known here")


class DaemonServer:
    """One signal-cli daemon."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`)."""
        try:
            body = rpc("send", send_params(message, recipient))
        except ValueError as error:
            return not_sent("bad_request", str(error))
        answer = hand_over(self._url, body, deadline)
        return answer if isinstance(answer, Outcome) else read_answer(answer, recipient)

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        """What is true instead of "not on Signal", which is also said without a network."""
        try:
            to = _to(recipient)
            document = self.ask("getUserStatus", deadline, account=sender, **to)
        except Unusable:
            return None
        error = document.get("error")
        return doubt(str(error.get("message"))) if isinstance(error, dict) else None

    def concurrency(self, deadline: float) -> int | None:
        return CONCURRENCY

    def accounts(self, deadline: float) -> list[Any] | None:
        """The numbers registered there, unless it serves one account (-a). Raises `Unusable`."""
        listed = self.ask("listAccounts", deadline).get("result")
        if not isinstance(listed, list):
            return None
        return [entry.get("number") for entry in listed if isinstance(entry, dict)]

    def about(self, deadline: float) -> str:
        """What it says about itself; raises `Unusable`."""
        version = word(self.ask("version", deadline).get("result"), "version")
        return f"signal-cli {version or 'of unknown version'}, mode daemon"

    def ask(self, method: str, deadline: float, **params: Any) -> dict[str, Any]:
        """The answer, which has a result or an error; raises `Unusable`."""
        answer = call("POST", self._url, rpc(method, params), deadline)
        document = answer.json()
        if not isinstance(document, dict):
            raise Unusable(f"this is no signal-cli daemon (it answers {answer.status})")
        return document


def read_answer(answer: Answer, recipient: str) -> Outcome:
    """What an answer to ``send`` means for ``recipient``."""
    document = answer.json() if answer.status == 200 else None
    if not isinstance(document, dict):
        return _by_status(answer.status)
    result, error = document.get("result"), document.get("error")
    if isinstance(result, dict):
        return read_results(result, recipient)
    return _read_error(error if isinstance(error, dict) else {}, recipient)


def _by_status(status: int) -> Outcome:
    """Below JSON-RPC the request never came to signal-cli's own code."""
    if not 300 <= status < 500:
        return unknown(f"the daemon answers {status} without saying what it did")
    advice = ": start it with --http 0.0.0.0:PORT" if status == 421 else ""
    detail = f"no daemon takes the request at SIGNAL_API_URL ({status}){advice}"
    return not_sent("signal_rejected", detail)


def _read_error(error: dict[str, Any], recipient: str) -> Outcome:
    data = error.get("data")
    response = data.get("response") if isinstance(data, dict) else None
    if isinstance(response, dict) and response.get("results"):
        return read_results(response, recipient)
    message, code = error.get("message"), error.get("code")
    told = read_text(message, recipient) if isinstance(message, str) else None
    known = BY_CODE.get(code, NEW_ERROR) if isinstance(code, int) else NEW_ERROR
    return told or for_recipient(known, recipient)


def rpc(method: str, params: Mapping[str, Any]) -> bytes:
    document = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(document).encode()


def send_params(message: Message, recipient: str) -> dict[str, Any]:
    """``ValueError`` says which option the daemon does not have."""
    params = {
        "account": message.sender,
        "message": message.content.text,
        **_to(recipient),
        **_options(message.options),
    }
    ranges = to_ranges(message.content)
    return {**params, "textStyle": ranges} if ranges else params


def _to(recipient: str) -> dict[str, list[str]]:
    if recipient.startswith("group."):
        group_id = base64.b64decode(recipient.removeprefix("group."))
        return {"groupId": [group_id.decode("ascii", "replace")]}
    if recipient.startswith("+") or _ACI.fullmatch(recipient):
        return {"recipient": [recipient]}
    return {"username": [recipient]}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under the daemon's names. Where it differs, signal-cli-rest-api's default holds."""
    given = {
        _RENAMED[name]: value for name, value in options.items() if name in _RENAMED
    }
    given["notifySelf"] = options.get("notify_self", True)
    for name, key in (("mentions", "mention"), ("quote_mentions", "quoteMention")):
        if name in options:
            given[key] = [MENTION.format_map(entry) for entry in options[name]]
    if "base64_attachments" in options:  # anything else is a path on the daemon's host
        given["attachment"] = [
            text if text.startswith("data:") else PLAIN + text
            for text in options["base64_attachments"]
        ]
    preview = options.get("link_preview", {})
    if "base64_thumbnail" in preview:
        raise ValueError("a signal-cli daemon takes no 'base64_thumbnail'")
    return given | {f"preview{key.capitalize()}": text for key, text in preview.items()}
