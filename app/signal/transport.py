"""One blocking HTTP request to a Signal server, on a connection of its own.

A kept connection may be closed by the server just when it is used again, and then
nobody knows whether the message arrived. A fresh one leaves no such doubt. Redirects
are not followed, and no proxy or netrc is taken from the environment.
"""

import json
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPException
from time import monotonic
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from app.fields import clean, look_up
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
    """The request was certainly not sent; after any other error nobody knows."""


@dataclass(frozen=True)
class Answer:
    """``body`` is ``None`` if it could not be read whole."""

    status: int
    body: bytes | None

    def json(self) -> Any:
        """What the body says; ``None`` if it is not JSON."""
        return parsed(self.body or b"")


def parsed(text: str | bytes) -> Any:
    """What JSON says; ``None`` if the text is something else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def said(document: Any, *steps: str) -> str:
    """The text that ``steps`` lead to in what a server says; empty if there is none."""
    found = look_up(document, steps)
    return found if isinstance(found, str) else ""


def word(document: Any, *steps: str) -> str:
    """The same, fit to be shown; "unknown" if there is none."""
    return clean(said(document, *steps))[:LONGEST_WORD] or "unknown"


def call(method: str, url: str, body: bytes, deadline: float) -> Answer:
    """The answer before ``deadline`` (`time.monotonic`); raises `Unusable`."""
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
    except Unusable as error:
        return replace(unknown(str(error)), server_failed=True)


def sent(timestamp: Any = None, detail: str = "") -> Outcome:
    """Accepted by Signal at ``timestamp``, as a server says it."""
    time = str(timestamp) if str(timestamp).isdecimal() else None
    return Outcome(State.SENT, detail=detail, timestamp=time)


def _read(response: requests.Response, deadline: float) -> bytes | None:
    """The body, if it ends before the deadline and is not too long."""
    body = b""
    # Where it breaks off, or its framing is wrong.
    with suppress(HTTPError, HTTPException, OSError, ValueError):
        while len(body) <= LONGEST_ANSWER and monotonic() < deadline:
            part = response.raw.read1(LONGEST_ANSWER)
            if not part:
                return None if response.raw.length_remaining else body
            body += part
    return None


def _failure(error: BaseException) -> Unusable:
    """Only what came before the first byte of the request is certain."""
    for kind, detail in BEFORE_SENDING.items():
        if isinstance(error, kind):
            return NotConnected(detail)
    if isinstance(error, ssl.SSLError) and error.reason in NO_TLS:
        return NotConnected("it does not speak TLS: write http:// before the address")
    if isinstance(error, requests.ReadTimeout):
        return Unusable("the server did not answer in time")
    # `requests` and urllib3 wrap an error into others.
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    if isinstance(inner, BaseException):
        return _failure(inner)
    return Unusable("the connection broke before the answer came")
