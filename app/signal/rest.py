"""signal-cli-rest-api as a backend: one POST to ``/v2/send`` for each recipient."""

import json
import re
from dataclasses import replace
from typing import Any

from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.rest_outcomes import (
    BY_STATUS,
    LONGEST_RETRY_AFTER,
    REASONS,
    RESTARTING,
    SENT,
    TABLE,
)
from app.signal.transport import Answer, NoAnswer, NotConnected, Server
from app.styling import to_markup


class RestServer:
    """One signal-cli-rest-api."""

    def __init__(self, url: str) -> None:
        self._server = Server(url.removesuffix("/v2/send") + "/v2/send")

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`) and tell what became of it."""
        try:
            answer = self._server.post(_body(message, recipient), deadline)
        except NotConnected as error:
            return not_sent("signal_unreachable", str(error))
        except NoAnswer as error:
            return unknown(str(error))
        return read_answer(answer, recipient)


def _body(message: Message, recipient: str) -> bytes:
    styled = message.content.has_style
    document = {
        **message.options,
        "number": message.sender,
        "recipients": [recipient],
        "message": to_markup(message.content) if styled else message.content.text,
        "text_mode": "styled" if styled else "normal",
    }
    return json.dumps(document).encode()


def read_answer(answer: Answer, recipient: str) -> Outcome:
    """What an answer to ``/v2/send`` means for ``recipient``."""
    if answer.status == 201:
        return _accepted(answer, recipient)
    text = _error_text(answer)
    row = next((row for row in TABLE if row.sign.search(text)), None)
    if row is None:
        return _without_text(answer)
    is_group = recipient.startswith("group.")
    return _with_retry_after(
        row.group_outcome if is_group and row.group_outcome else row.outcome, text
    )


def _accepted(answer: Answer, recipient: str) -> Outcome:
    """A 201: an object up to 0.100, an array later, which may name those who did not get it."""
    document = _json(answer)
    entry = document[0] if isinstance(document, list) and document else document
    if not isinstance(entry, dict):
        return SENT
    missed = tuple(_missed(entry))
    if any(name == recipient for name, _ in missed):
        code = next(code for name, code in missed if name == recipient)
        detail = "the server names the recipient as not reached"
        return unknown(detail) if code == "signal_timeout" else not_sent(code, detail)
    timestamp = entry.get("timestamp")
    return replace(
        SENT,
        timestamp=str(timestamp) if _is_timestamp(timestamp) else None,
        missed=missed,
    )


def _missed(entry: dict[str, Any]) -> list[tuple[str, str]]:
    errors = entry.get("errors")
    named = errors.get("recipients") if isinstance(errors, dict) else None
    found = []
    for item in named if isinstance(named, list) else ():
        if isinstance(item, dict):
            name = item.get("number") or item.get("username") or item.get("uuid")
            found.append(
                (str(name), REASONS.get(str(item.get("reason")), "signal_rejected"))
            )
    return found


def _is_timestamp(value: Any) -> bool:
    return (
        isinstance(value, (str, int))
        and re.fullmatch(r"[0-9]{1,19}", str(value)) is not None
    )


def _error_text(answer: Answer) -> str:
    """The text that the table is searched in; a token without its text stands for a captcha all the same."""
    document = _json(answer)
    if not isinstance(document, dict):
        return ""
    error, tokens = document.get("error"), document.get("challenge_tokens")
    wants_captcha = isinstance(tokens, list) and any(tokens)
    return (error if isinstance(error, str) else "") + (
        " CAPTCHA proof required" if wants_captcha else ""
    )


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body or b"")
    except (ValueError, RecursionError):
        return None


def _without_text(answer: Answer) -> Outcome:
    if answer.status == 500 and answer.body == b"":
        # The server panics while it has no connection to signal-cli: nothing was written.
        return RESTARTING
    if 300 <= answer.status < 400:
        return not_sent(
            "signal_rejected",
            f"SIGNAL_API_URL redirects ({answer.status}): use the final address",
        )
    if answer.status in BY_STATUS:
        return BY_STATUS[answer.status]
    if 401 <= answer.status < 500:
        return not_sent(
            "signal_rejected",
            f"something before the server refuses the request ({answer.status})",
        )
    return unknown(
        f"the server answers {answer.status}, which says nothing about the message"
    )


def _with_retry_after(outcome: Outcome, text: str) -> Outcome:
    """With the seconds that signal-cli names in its text or JSON."""
    named = re.search(
        r"retry after (\d{1,9}) seconds|wait \"(\d{1,9})\" seconds|\"retryAfterSeconds\": ?(\d{1,9})",
        text,
    )
    if outcome.retry_after is None or not named:
        return outcome
    seconds = int(next(group for group in named.groups() if group))
    return replace(outcome, retry_after=min(max(seconds, 1), LONGEST_RETRY_AFTER))
