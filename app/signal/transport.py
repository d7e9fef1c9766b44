"""One blocking HTTP request to a Signal server, on a connection of its own.

A kept connection may be closed by the server just when it is used again, and then
nobody knows whether the message arrived. A fresh one leaves no such doubt. Redirects
are not followed, and no proxy or netrc is taken from the environment.
"""

import json
import ssl
from dataclasses import dataclass, replace
from http.client import HTTPException
from time import monotonic
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from app.fields import clean
from app.signal.outcome import Outcome, State, server_failed, unknown

CONNECT_TIMEOUT = 3.0  # seconds
LONGEST_ANSWER = 64 * 1024  # bytes
LONGEST_WORD = 40  # characters of what a server says about itself
HEADERS = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "signal-gateway",
}
BEFORE_SENDING: dict[type[Exception], str] = {
    requests.ConnectTimeout: "the server did not take the connection in time",
    NameResolutionError: "the name of its host is not known here",
    NewConnectionError: "the server does not take the connection",
    ssl.SSLCertVerificationError: "its certificate is not trusted here, or is for another name",
}
# What OpenSSL says when the first answer to a handshake is not TLS.
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


class Unusable(Exception):
    """The server gave no usable answer. The text says why, as part of a sentence."""


class NotConnected(Unusable):
    """The request was certainly not sent: there was no connection to send it on."""


class NoAnswer(Unusable):
    """The request was handed over and no answer came: nobody knows what became of it."""


@dataclass(frozen=True)
class Answer:
    """``body`` is ``None`` if it could not be read whole."""

    status: int
    body: bytes | None

    def json(self) -> Any:
        """What the body says; ``None`` if it is not JSON."""
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None


def word(document: Any, key: str) -> str:
    """The short text under ``key`` of what a server says; empty if there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return clean(value)[:LONGEST_WORD] if isinstance(value, str) else ""


def call(method: str, url: str, body: bytes, deadline: float) -> Answer:
    """The answer before ``deadline`` (`time.monotonic`).

    Raises `NotConnected` or `NoAnswer`.
    """
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise NotConnected("the time was over before the request was made")
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.request(
                method,
                url,
                data=body,
                headers=HEADERS,
                timeout=(min(CONNECT_TIMEOUT, remaining), remaining),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, _read(response, deadline))
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise _failure(error) from error


def hand_over(url: str, body: bytes, deadline: float) -> Answer | Outcome:
    """The answer, or what the lack of one means."""
    try:
        return call("POST", url, body, deadline)
    except NotConnected as error:
        return server_failed("signal_unreachable", str(error))
    except NoAnswer as error:
        return replace(unknown(str(error)), server_failed=True)


def sent(timestamp: Any = None, detail: str = "") -> Outcome:
    """Accepted by Signal at its ``timestamp``."""
    text = str(timestamp) if isinstance(timestamp, int | str) else ""
    is_time = text.isascii() and text.isdecimal() and len(text) < 20
    return Outcome(State.SENT, detail=detail, timestamp=text if is_time else None)


def _read(response: requests.Response, deadline: float) -> bytes | None:
    """The body, if it ends before the deadline and is not too long."""
    body = b""
    try:
        while len(body) <= LONGEST_ANSWER and monotonic() < deadline:
            part = response.raw.read1(LONGEST_ANSWER)
            if not part:
                return None if response.raw.length_remaining else body
            body += part
    except (HTTPError, HTTPException, OSError, ValueError):
        pass  # it broke off, or its framing is wrong
    return None


def _failure(error: Exception) -> Unusable:
    """Only what came before the first byte of the request is certain."""
    cause = _cause(error)
    for kind, detail in BEFORE_SENDING.items():
        if isinstance(error, kind) or isinstance(cause, kind):
            return NotConnected(detail)
    if isinstance(cause, ssl.SSLError) and cause.reason in NO_TLS:
        return NotConnected("it does not speak TLS: write http:// before the address")
    if isinstance(error, requests.ReadTimeout):
        return NoAnswer("the server did not answer in time")
    return NoAnswer("the connection broke before the answer came")


def _cause(error: BaseException) -> BaseException:
    """The error inside those that `requests` and urllib3 wrap around it."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    if isinstance(error, (NewConnectionError, ssl.SSLError)):
        return error
    return _cause(inner) if isinstance(inner, BaseException) else error
