"""signal-cli-rest-api as a backend: one POST to ``/v2/send`` for each recipient."""

import json
import re
from typing import Any

from app.signal.about import About, Unusable, answered, clock, word
from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.rest_outcomes import (
    BY_STATUS,
    RESTARTING,
    TABLE,
)
from app.signal.signal_cli import PARTLY, SENT, by_type, later, matching, name_of, sent
from app.signal.transport import Answer, Endpoint, handed_over
from app.styling import to_markup

# These start a process for each send, one after the other; several at once only fill the memory.
SERIAL_MODES = ("normal", "native")
CONCURRENCY = {"json-rpc": 32, **dict.fromkeys(SERIAL_MODES, 1)}


class RestServer:
    """One signal-cli-rest-api."""

    def __init__(self, url: str) -> None:
        base = url.removesuffix("/v2/send")
        self._send = Endpoint("POST", f"{base}/v2/send")
        self._about = Endpoint("GET", f"{base}/v1/about")
        self._accounts = Endpoint("GET", f"{base}/v1/accounts")

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`) and tell what became of it."""
        answer = handed_over(self._send, _body(message, recipient), deadline)
        if isinstance(answer, Outcome):
            return answer
        return read_answer(answer, recipient)

    def concurrency(self, deadline: float) -> int | None:
        """How many sends at once this server's mode stands; ``None`` if it does not say."""
        answer = handed_over(self._about, b"", deadline)
        about = answer.json() if isinstance(answer, Answer) else None
        return CONCURRENCY.get(word(about, "mode"))

    def problem(self, sender: str | None, deadline: float) -> str | None:
        """The code of what keeps it from sending."""
        try:
            accounts = self.accounts(deadline)
        except Unusable:
            return "signal_unreachable"
        is_missing = sender is not None and sender not in accounts
        return "sender_not_registered" if is_missing else None

    def accounts(self, deadline: float) -> list[Any]:
        """The numbers registered there; raises `Unusable`. Only this reaches signal-cli behind it."""
        answer = answered(self._accounts, b"", deadline)
        if answer.status != 200:
            raise Unusable(f"signal-cli behind it does not answer ({answer.status})")
        return _list(answer.json())

    def about(self, deadline: float) -> About:
        """What it tells of itself; raises `Unusable`."""
        answer = answered(self._about, b"", deadline)
        told = answer.json()
        if not isinstance(told, dict) or "versions" not in told:
            raise Unusable(
                f"this is no signal-cli-rest-api (it answers {answer.status})"
            )
        version, mode = word(told, "version"), word(told, "mode")
        return About("signal-cli-rest-api", version, mode, clock(answer))


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
    outcome = matching(TABLE, text, recipient)
    if outcome:
        return _with_retry_after(outcome, text)
    if answer.status == 429 and recipient.startswith("group."):
        return PARTLY
    return _without_text(answer)


def _accepted(answer: Answer, recipient: str) -> Outcome:
    """A 201: an object up to 0.100, an array later, which may name those who did not get it."""
    document = answer.json()
    entry = document[0] if isinstance(document, list) and document else document
    if not isinstance(entry, dict):
        return SENT
    errors = entry.get("errors")
    named = errors.get("recipients") if isinstance(errors, dict) else None
    items = [item if isinstance(item, dict) else {} for item in _list(named)]
    if items and not recipient.startswith("group."):
        return by_type(items[0].get("reason"))
    missed = {name_of(item): by_type(item.get("reason")) for item in items}
    return sent(entry.get("timestamp"), missed)


def _error_text(answer: Answer) -> str:
    """The text that the table is searched in; a token without its text stands for a captcha all the same."""
    document = answer.json()
    if not isinstance(document, dict):
        return ""
    error, tokens = document.get("error"), document.get("challenge_tokens")
    wants_captcha = isinstance(tokens, list) and any(tokens)
    return (error if isinstance(error, str) else "") + (
        " CAPTCHA proof required" if wants_captcha else ""
    )


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
    return later(outcome, int(next(filter(None, named.groups()))))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
