"""One blocking HTTP request to a server of Signal's, under one deadline for all of it.

A request is prepared once for each server and sent on a pooled `requests` adapter that several
threads may use. There are no redirects, no proxy and no netrc from the environment, and no more of an
answer is read than `LONGEST_ANSWER`.
"""

import http.client
import json
import socket
import ssl
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import requests
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from app.signal.connection import OneAddressAdapter
from app.signal.outcome import Outcome, not_sent, unknown

LONGEST_ANSWER = 64 * 1024  # bytes
POOLED_CONNECTIONS = 64


class NotConnected(Exception):
    """The request was certainly not sent: there was no connection to send it on."""


class NoAnswer(Exception):
    """The request was handed over, and no answer came: nobody knows what became of it."""


@dataclass(frozen=True)
class Answer:
    """``body`` is ``None`` if it could not be read whole; ``date`` is the header of this name."""

    status: int
    body: bytes | None
    date: str | None = field(default=None, compare=False)

    def json(self) -> Any:
        """What the body says; ``None`` if it is no JSON."""
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None


class Endpoint:
    """An address that is asked, with JSON both ways."""

    def __init__(self, method: str, url: str) -> None:
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "signal-gateway",
        }
        self._prepared = requests.Request(method, url, headers=headers).prepare()
        self._adapter = OneAddressAdapter(1, pool_maxsize=POOLED_CONNECTIONS)

    def call(self, body: bytes, deadline: float) -> Answer:
        """The answer; ``deadline`` is on the clock of `monotonic`. Raises `NotConnected` or `NoAnswer`."""
        remaining = deadline - monotonic()
        if remaining <= 0:
            raise NotConnected("the time was over before the request was made")
        timeout = urllib3.Timeout(connect=remaining, total=remaining)
        try:
            response = self._adapter.send(
                self._request(body),
                stream=True,
                timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's, too
            )
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise _failure(error) from error
        with response:
            date = response.raw.headers.get("Date")
            return Answer(response.status_code, _read(response), date)

    def _request(self, body: bytes) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url = self._prepared.method, self._prepared.url
        length = {"Content-Length": str(len(body))}
        request.headers = {**self._prepared.headers, **length}  # type: ignore[assignment]
        request.body = body
        return request


def handed_over(endpoint: Endpoint, body: bytes, deadline: float) -> Answer | Outcome:
    """The answer, or what the lack of one means for a message in ``body``."""
    try:
        return endpoint.call(body, deadline)
    except NotConnected as error:
        return replace(not_sent("signal_unreachable", str(error)), server_failed=True)
    except NoAnswer as error:
        return replace(unknown(str(error)), server_failed=True)


def _failure(error: Exception) -> NotConnected | NoAnswer:
    if isinstance(error, requests.ConnectTimeout):
        return NotConnected("the server did not take the connection in time")
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError
    ):
        return NotConnected(_why(cause.reason.__cause__))
    if isinstance(error, requests.ReadTimeout):
        return NoAnswer("the server did not answer in time")
    return NoAnswer("the connection broke before the answer came")


def _why(failure: BaseException | None) -> str:
    """Why there is no connection, for an administrator."""
    if isinstance(failure, (socket.gaierror, UnicodeError)):
        return "the name of its host is not known here"
    if isinstance(failure, ssl.SSLCertVerificationError):
        return (
            "its certificate is not from an authority known here, or for another name"
        )
    if isinstance(failure, ssl.SSLError):
        return "it does not speak TLS there: the address may have to begin with http://"
    if isinstance(failure, TimeoutError):
        return "the server did not take the connection in time"
    return "the server does not take the connection"


def _read(response: requests.Response) -> bytes | None:
    try:
        body: bytes = response.raw.read(LONGEST_ANSWER + 1, decode_content=False)
    except (HTTPError, http.client.HTTPException, OSError, ValueError):
        return None
    is_whole = len(body) <= LONGEST_ANSWER and not response.raw.length_remaining
    return body if is_whole else None
