"""What a signal-cli daemon is asked: JSON-RPC, with a message in signal-cli's own words."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from app.signal.outcome import Message
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
_ACI = re.compile(r"[0-9a-f-]{36}")


def call(method: str, params: Mapping[str, Any]) -> bytes:
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
