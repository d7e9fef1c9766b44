"""``signal-cli daemon --http`` as a backend: JSON-RPC, one ``send`` for each recipient."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from app.signal.daemon_outcomes import BY_CODE, BY_STATUS, TABLE
from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.signal_cli import (
    CAPTCHA,
    LIMITED,
    PARTLY_BEFORE_CAPTCHA,
    TYPES,
    by_type,
    later,
    matching,
    name_of,
    sent,
)
from app.signal.transport import Answer, Endpoint, handed_over
from app.styling import to_ranges

CONCURRENCY = 32  # it serves each request on a thread of its own
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
_ACI = re.compile(r"[0-9a-f-]{36}")


class DaemonServer:
    """One signal-cli daemon."""

    def __init__(self, url: str) -> None:
        self._rpc = Endpoint("POST", url)

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`) and tell what became of it."""
        try:
            params = _params(message, recipient)
        except ValueError as error:
            return not_sent("bad_request", str(error))
        answer = handed_over(self._rpc, _call("send", params), deadline)
        if isinstance(answer, Outcome):
            return answer
        return read_answer(answer, recipient)

    def concurrency(self, deadline: float) -> int | None:
        return CONCURRENCY

    def problem(self, sender: str | None, deadline: float) -> str | None:
        """The code of what keeps it from sending. With one account (-a) it cannot tell which."""
        answer = handed_over(self._rpc, _call("listAccounts", {}), deadline)
        document = answer.json() if isinstance(answer, Answer) else None
        if not isinstance(document, dict):
            return "signal_unreachable"
        listed = document.get("result")
        if not sender or not isinstance(listed, list):
            return None
        numbers = [entry.get("number") for entry in listed if isinstance(entry, dict)]
        return None if sender in numbers else "sender_not_registered"


def _call(method: str, params: Mapping[str, Any]) -> bytes:
    document = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(document).encode()


def _params(message: Message, recipient: str) -> dict[str, Any]:
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
    if "base64_attachments" in options:
        given["attachment"] = [
            _data_uri(text) for text in options["base64_attachments"]
        ]
    if "link_preview" in options:
        given |= _preview(options["link_preview"])
    return given


def _data_uri(text: str) -> str:
    """Never anything else: what is no data: would be read as a path on the daemon's host."""
    prefix = "" if text.startswith("data:") else "data:application/octet-stream;base64,"
    return prefix + text


def _preview(preview: Mapping[str, str]) -> dict[str, str]:
    if "base64_thumbnail" in preview:
        raise ValueError("a signal-cli daemon takes no 'base64_thumbnail'")
    return {f"preview{key.capitalize()}": value for key, value in preview.items()}


def read_answer(answer: Answer, recipient: str) -> Outcome:
    """What an answer to ``send`` means for ``recipient``."""
    document = answer.json() if answer.status == 200 else None
    if not isinstance(document, dict):
        return _without_document(answer)
    result, error = document.get("result"), document.get("error")
    if isinstance(result, dict):
        return _result(result, recipient)
    return _error(error if isinstance(error, dict) else {}, recipient)


def _without_document(answer: Answer) -> Outcome:
    if answer.status in BY_STATUS:
        return BY_STATUS[answer.status]
    if 300 <= answer.status < 500:
        detail = f"something before the daemon refuses the request ({answer.status})"
        return not_sent("signal_rejected", detail)
    return unknown(f"the daemon answers {answer.status} without saying what it did")


def _result(result: Mapping[str, Any], recipient: str) -> Outcome:
    """At least one got it, or there was nobody to send to: a group without other members."""
    entries = _entries(result)
    failed = [entry for entry in entries if entry.get("type") != "SUCCESS"]
    if entries and len(failed) == len(entries):
        return _gravest(failed, recipient)
    missed = {name_of(_address(entry)): by_type(entry.get("type")) for entry in failed}
    return sent(result.get("timestamp"), missed)


def _error(error: Mapping[str, Any], recipient: str) -> Outcome:
    data = error.get("data")
    response = data.get("response") if isinstance(data, dict) else None
    failed = _entries(response) if isinstance(response, dict) else []
    if failed:
        return _gravest(failed, recipient)
    message = error.get("message")
    found = matching(TABLE, message if isinstance(message, str) else "", recipient)
    if found:
        return found
    outcome, for_group = BY_CODE.get(error.get("code", 0), (None, None))
    if outcome is None:
        return unknown("signal-cli answers with an error that is not known")
    return for_group if for_group and recipient.startswith("group.") else outcome


def _entries(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = result.get("results")
    listed = entries if isinstance(entries, list) else []
    return [entry for entry in listed if isinstance(entry, dict)]


def _address(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    address = entry.get("recipientAddress")
    return address if isinstance(address, dict) else {}


def _gravest(failed: list[Mapping[str, Any]], recipient: str) -> Outcome:
    """The outcome where nobody got it: the gravest reason, in the order of `TYPES`."""
    kinds = [str(entry.get("type")) for entry in failed]
    kind = min(kinds, key=lambda kind: [*TYPES, kind].index(kind))
    if kind != "RATE_LIMIT_FAILURE":
        return by_type(kind)
    if any(entry.get("token") for entry in failed):
        is_group = recipient.startswith("group.")
        return PARTLY_BEFORE_CAPTCHA if is_group else _named(CAPTCHA, failed)
    return _named(LIMITED, failed)


def _named(outcome: Outcome, failed: list[Mapping[str, Any]]) -> Outcome:
    seconds = [entry.get("retryAfterSeconds") for entry in failed]
    named = [value for value in seconds if isinstance(value, int)]
    return later(outcome, max(named)) if named else outcome
