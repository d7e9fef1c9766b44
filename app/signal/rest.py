"""signal-cli-rest-api as a backend: one POST to ``/v2/send`` for each recipient.

Its status codes do not tell whether a message went out: 400 may follow a completed send and 201
may hide a failure, by mode (``normal``, ``native``, ``json-rpc``) and version. Its texts do tell,
mostly. Sources: bbernhard/signal-cli-rest-api src/api/api.go, src/client/cli.go and
src/client/jsonrpc2.go at 0.100 and later; issues are that project's.
"""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from app.signal.outcome import NOT_TO_ALL, Message, Outcome, not_sent, unknown
from app.signal.reasons import CAPTCHA, LIMITED, RESTARTING
from app.signal.signal_cli import by_type, doubt, for_recipient, read_text
from app.signal.transport import Answer, Unusable, call, hand_over, sent, word
from app.styling import to_markup

# By mode. The first two start a process for each send, one after the other.
CONCURRENCY = {"normal": 1, "native": 1, "json-rpc": 96}

_LOG_LINE = ("INFO", "WARN", "ERROR", "DEBUG")
# It ended well, and only what it wrote beside made the server say 400.
_COMPLAINT = re.compile(
    r"\d{13}(?!\d).*|invalid character '.{1,9}' after top-level value"
)
_SOME = "Failed to send (some) messages:"


class RestServer:
    """One signal-cli-rest-api."""

    def __init__(self, url: str) -> None:
        self._url = url.removesuffix("/v2/send")

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`)."""
        body = _body(message, recipient)
        answer = hand_over(f"{self._url}/v2/send", body, deadline)
        return answer if isinstance(answer, Outcome) else read_answer(answer, recipient)

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        """What is true instead of "not on Signal", which is also said without a network."""
        if not recipient.startswith("+"):
            return None
        query = urlencode({"numbers": recipient})
        url = f"{self._url}/v1/search/{quote(sender)}?{query}"
        try:
            answer = call("GET", url, b"", deadline)
        except Unusable:
            return None
        return doubt(word(answer.json(), "error")) if answer.status == 400 else None

    def concurrency(self, deadline: float) -> int | None:
        """How many sends at once its mode can do; ``None`` if it does not say."""
        try:
            answer = call("GET", f"{self._url}/v1/about", b"", deadline)
        except Unusable:
            return None
        return CONCURRENCY.get(word(answer.json(), "mode"))

    def accounts(self, deadline: float) -> list[Any]:
        """The numbers registered there; raises `Unusable`. Only this asks signal-cli itself."""
        answer = call("GET", f"{self._url}/v1/accounts", b"", deadline)
        document = answer.json()
        if answer.status != 200 or not isinstance(document, list):
            raise Unusable(f"signal-cli behind it does not answer ({answer.status})")
        return document

    def link(self, device: str, deadline: float) -> Answer:
        """The answer to the wish for a link that makes it a device of an account."""
        url = f"{self._url}/v1/qrcodelink/raw?device_name={quote(device)}"
        return call("GET", url, b"", deadline)

    def about(self, deadline: float) -> str:
        """What it says about itself; raises `Unusable`."""
        answer = call("GET", f"{self._url}/v1/about", b"", deadline)
        document = answer.json()
        if not isinstance(document, dict) or "versions" not in document:
            raise Unusable(
                f"this is no signal-cli-rest-api (it answers {answer.status})"
            )
        version = word(document, "version") or "of unknown version"
        return (
            f"signal-cli-rest-api {version}, mode {word(document, 'mode') or 'unknown'}"
        )


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
    document = answer.json()
    if answer.status == 201:
        return _accepted(document, recipient)
    known = document if isinstance(document, dict) else {}
    if answer.status == 429:
        tokens = known.get("challenge_tokens")
        wants_captcha = isinstance(tokens, list) and any(tokens)
        return for_recipient(CAPTCHA if wants_captcha else LIMITED, recipient)
    text = known.get("error")
    told = _read_error(text, recipient) if isinstance(text, str) else None
    return told or _by_status(answer)


def _accepted(document: Any, recipient: str) -> Outcome:
    """A 201: an object up to 0.100, later a list, which may name those who did not get it."""
    entry = document[0] if isinstance(document, list) and document else document
    if not isinstance(entry, dict):
        return sent()
    errors = entry.get("errors")
    listed = errors.get("recipients") if isinstance(errors, dict) else None
    if not isinstance(listed, list) or not listed:
        return sent(entry.get("timestamp"))
    if recipient.startswith("group."):
        return sent(entry.get("timestamp"), NOT_TO_ALL)
    return by_type(listed[0].get("reason") if isinstance(listed[0], dict) else None)


def _read_error(text: str, recipient: str) -> Outcome | None:
    if text == "process killed as timeout reached":  # before or after sending (1995)
        return unknown("signal-cli took longer than the server allows and was stopped")
    lines = [line for line in text.splitlines() if not line.startswith(_LOG_LINE)]
    failed = [line for line in lines if line.startswith("Failed to send")]
    if lines and _COMPLAINT.fullmatch(lines[0]) and not failed:
        return sent(detail="sent, with a complaint of signal-cli")
    # Without a last line "Failed to send message" some got it (409, 586, 857).
    is_partial = failed and all(line.startswith(_SOME) for line in failed)
    if is_partial and recipient.startswith("group."):
        return sent(detail=NOT_TO_ALL)
    return read_text(text, recipient)


def _by_status(answer: Answer) -> Outcome:
    if answer.status == 500 and answer.body == b"":
        # It panics while it has no connection to signal-cli: nothing was written.
        return RESTARTING
    if not 300 <= answer.status < 500 or answer.status == 400:
        detail = (
            f"the server answers {answer.status}, which says nothing about the message"
        )
        return unknown(detail)
    what = "SIGNAL_API_URL redirects" if answer.status < 400 else "this is refused"
    detail = f"{what} ({answer.status}): is it the address of signal-cli-rest-api?"
    return not_sent("signal_rejected", detail)
