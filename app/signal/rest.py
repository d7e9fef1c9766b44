"""signal-cli-rest-api as a backend: one POST to ``/v2/send`` for each recipient.

Its status codes do not tell whether a message went out: 400 may follow a completed send and 201
may hide a failure, by mode (``normal``, ``native``, ``json-rpc``) and version. Its texts do tell,
mostly. Sources: bbernhard/signal-cli-rest-api src/api/api.go, src/client/cli.go and
src/client/jsonrpc2.go at 0.100 and later; issues are that project's.
"""

import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from app.fields import look_up
from app.signal.outcome import NOT_TO_ALL, Message, Outcome, unknown
from app.signal.reasons import CAPTCHA, LIMITED, RESTARTING
from app.signal.signal_cli import by_status, for_recipient, read_result, read_text
from app.signal.transport import Answer, Unusable, call, hand_over, said, sent, word
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
        url, body = f"{self._url}/v2/send", _body(message, recipient)
        answer = hand_over(url, body, deadline)
        return answer if isinstance(answer, Outcome) else read_answer(answer, recipient)

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        """What is true instead of "not on Signal", which is also said without a network."""
        if recipient.startswith("+"):
            path = f"/v1/search/{quote(sender)}?numbers={quote(recipient)}"
            with suppress(Unusable):
                return read_text(said(self.get(path, deadline).json(), "error"))
        return None

    def get(self, path: str, deadline: float) -> Answer:
        """The answer; raises `Unusable`."""
        return call("GET", f"{self._url}{path}", b"", deadline)

    def concurrency(self, deadline: float) -> int | None:
        """How many sends at once its mode can do; ``None`` if it does not say."""
        with suppress(Unusable):
            about = self.get("/v1/about", deadline).json()
            return CONCURRENCY.get(said(about, "mode"))
        return None

    def accounts(self, deadline: float) -> list[Any]:
        """The numbers registered there; raises `Unusable`. Only this asks signal-cli itself."""
        answer = self.get("/v1/accounts", deadline)
        document = answer.json()
        if not isinstance(document, list):
            raise Unusable(f"signal-cli behind it does not answer ({answer.status})")
        return document

    def about(self, deadline: float) -> str:
        """What it says about itself; raises `Unusable`."""
        answer = self.get("/v1/about", deadline)
        about = answer.json()
        if look_up(about, ["versions"]) is None:
            what = f"this is no signal-cli-rest-api (it answers {answer.status})"
            raise Unusable(what)
        version, mode = word(about, "version"), word(about, "mode")
        return f"signal-cli-rest-api {version}, mode {mode}"


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
    if answer.status == 429:
        tokens = look_up(document, ["challenge_tokens"])
        told = CAPTCHA if isinstance(tokens, list) and any(tokens) else LIMITED
    elif answer.status == 500 and answer.body == b"":
        # It panics while it has no connection to signal-cli: nothing was written.
        told = RESTARTING
    else:
        bare = by_status(answer.status, "signal-cli-rest-api")
        told = _read_error(said(document, "error"), recipient) or bare
    return for_recipient(told, recipient)


def _accepted(document: Any, recipient: str) -> Outcome:
    """A 201: an object up to 0.100, later a list, which may name those who did not get it."""
    entry = document[0] if isinstance(document, list) and document else document
    failed = look_up(entry, ["errors", "recipients"])
    if failed and not recipient.startswith("group."):
        return read_result(look_up(failed, ["0"]))
    return sent(look_up(entry, ["timestamp"]), NOT_TO_ALL if failed else "")


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
    return read_text(text)
