"""``signal-cli daemon --http`` as a backend: JSON-RPC, one ``send`` for each recipient.

It answers 200 whether the send went well or not; the error has a code, and for a send that reached
nobody the reason for each recipient. Sources: AsamK/signal-cli 0.14,
SignalJsonRpcCommandHandler.java, HttpServerHandler.java, Main.java (codes).
"""

import base64
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from app.fields import look_up, mappings
from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.reasons import LIMITED, NOT_LOADED, UNTRUSTED
from app.signal.signal_cli import by_status, for_recipient, read_results, read_text
from app.signal.transport import Answer, Unusable, call, hand_over, said, sent, word
from app.styling import to_ranges

PLAIN = "data:application/octet-stream;base64,"
DAEMON = "a signal-cli daemon, started with --http 0.0.0.0:PORT"
_ACI = re.compile(r"[0-9a-f-]{36}")

# What an error's code means, where its text does not say more. -32603 may come after a send.
BY_CODE = {
    "-4": UNTRUSTED,
    "-5": LIMITED,
    "-32602": NOT_LOADED,
    "-32603": unknown("signal-cli had an error, perhaps after sending"),
    **dict.fromkeys(
        ("-32600", "-32601", "-32700"),
        not_sent("signal_rejected", "signal-cli cannot read the request"),
    ),
}
NEW_ERROR = unknown("signal-cli answers with an error that is not known here")


class DaemonServer:
    """One signal-cli daemon."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`)."""
        if "base64_thumbnail" in message.options.get("link_preview", {}):
            detail = "a signal-cli daemon takes no 'base64_thumbnail'"
            return not_sent("bad_request", detail)
        params = {
            "account": message.sender,
            "message": message.content.text,
            "textStyle": to_ranges(message.content),
            **_to(recipient),
            **_options(message.options),
        }
        answer = hand_over(self._url, rpc("send", params), deadline)
        return answer if isinstance(answer, Outcome) else read_answer(answer, recipient)

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        """What is true instead of "not on Signal", which is also said without a network."""
        params = {"account": sender, **_to(recipient)}
        with suppress(Unusable):
            document = self.ask("getUserStatus", deadline, **params)
            return read_text(said(document, "error", "message"))
        return None

    def concurrency(self, deadline: float) -> int | None:
        return 96  # it serves each request on a thread of its own

    def accounts(self, deadline: float) -> list[Any] | None:
        """The numbers registered there, unless it serves one account (-a). Raises `Unusable`."""
        listed = self.ask("listAccounts", deadline).get("result")
        if not isinstance(listed, list):
            return None
        return [entry.get("number") for entry in mappings(listed)]

    def about(self, deadline: float) -> str:
        """What it says about itself; raises `Unusable`."""
        version = word(self.ask("version", deadline), "result", "version")
        return f"signal-cli {version}, mode daemon"

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
        return by_status(answer.status, DAEMON)
    result, error = document.get("result"), document.get("error")
    told = read_results(result) or read_results(look_up(error, ["data", "response"]))
    if not told and isinstance(result, dict):  # nobody else is in the group
        told = sent(result.get("timestamp"))
    known = BY_CODE.get(str(look_up(error, ["code"])), NEW_ERROR)
    return for_recipient(told or read_text(said(error, "message")) or known, recipient)


def rpc(method: str, params: Mapping[str, Any]) -> bytes:
    document = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(document).encode()


def _to(recipient: str) -> dict[str, list[str]]:
    if recipient.startswith("group."):
        group_id = base64.b64decode(recipient.removeprefix("group."))
        return {"groupId": [group_id.decode("ascii", "replace")]}
    is_account = recipient.startswith("+") or _ACI.fullmatch(recipient)
    return {"recipient" if is_account else "username": [recipient]}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under the daemon's names. Where it differs, signal-cli-rest-api's default holds."""
    given: dict[str, Any] = {"notifySelf": True}
    for name, value in options.items():
        first, _, second = name.partition("_")
        key = first + second.capitalize()
        if name == "link_preview":
            given |= {f"preview{part.capitalize()}": value[part] for part in value}
        elif name == "base64_attachments":  # anything else is a path on its host
            given["attachment"] = [
                text if text.startswith("data:") else PLAIN + text for text in value
            ]
        elif name.endswith("mentions"):
            ranges = ["{start}:{length}:{author}".format_map(entry) for entry in value]
            given[key.removesuffix("s")] = ranges
        else:
            given[key] = value
    return given
