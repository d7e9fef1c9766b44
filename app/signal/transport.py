"""One blocking HTTP request to a server of Signal's, under one deadline for all of it.

A request is prepared once for each server and sent on a pooled `requests` adapter that several
threads may use. There are no redirects, no proxy and no netrc from the environment, and no more of an
answer is read than `LONGEST_ANSWER`.
"""

import http.client
import io
import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import (
    ConnectionPool,
    HTTPConnectionPool,
    HTTPSConnectionPool,
)
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

CONNECT_TIMEOUT = 3.0  # seconds
LONGEST_ANSWER = 64 * 1024  # bytes
POOLED_CONNECTIONS = 64


class NotConnected(Exception):
    """The request was certainly not sent: there was no connection to send it on."""


class NoAnswer(Exception):
    """The request was handed over, and no answer came: nobody knows what became of it."""


@dataclass(frozen=True)
class Answer:
    """``body`` is ``None`` if it could not be read whole."""

    status: int
    body: bytes | None


class Server:
    """An address that JSON is posted to."""

    def __init__(self, url: str) -> None:
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "signal-gateway",
        }
        self._prepared = requests.Request("POST", url, headers=headers).prepare()
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=POOLED_CONNECTIONS)

    def post(self, body: bytes, deadline: float) -> Answer:
        """The answer; ``deadline`` is on the clock of `monotonic`. Raises `NotConnected` or `NoAnswer`."""
        remaining = deadline - monotonic()
        if remaining <= 0:
            raise NotConnected("the time was over before the request was made")
        request = self._prepared.copy()
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        timeout = urllib3.Timeout(
            connect=min(CONNECT_TIMEOUT, remaining), total=remaining
        )
        try:
            response = self._adapter.send(
                request,
                stream=True,
                timeout=timeout,  # type: ignore[arg-type]  # requests takes urllib3's, too
            )
        except requests.RequestException as error:
            raise _failure(error) from error
        with response:
            return Answer(response.status_code, _read(response))


def _failure(error: requests.RequestException) -> NotConnected | NoAnswer:
    if isinstance(error, requests.ConnectTimeout):
        return NotConnected("the server did not take the connection in time")
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, NewConnectionError
    ):
        return NotConnected("the server does not take the connection")
    if isinstance(error, requests.ReadTimeout):
        return NoAnswer("the server did not answer in time")
    return NoAnswer("the connection broke before the answer came")


def _read(response: requests.Response) -> bytes | None:
    try:
        body: bytes = response.raw.read(LONGEST_ANSWER + 1, decode_content=False)
    except (HTTPError, OSError):
        return None
    return body if len(body) <= LONGEST_ANSWER else None


class _TimedReader(io.RawIOBase):
    """Reads from a socket until its timeout is over, counted from the start and not from the last byte."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase) -> None:
        self._connection = connection
        self._raw = raw
        self._deadline = monotonic() + (connection.gettimeout() or 0)
        self._is_first = (
            True  # whose timeout is right as it is: one call of the kernel less
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._is_first:
            self._connection.settimeout(max(self._deadline - monotonic(), 0.001))
        self._is_first = False
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer whose headers and body together must come within the read timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(sock, self.fp.detach()))


class _OneWrite:
    """Connects, then writes headers and body at once, so that what failed before the write is certain.

    Every failure to connect, TLS included, becomes a `NewConnectionError`.
    """

    response_class: type[http.client.HTTPResponse] = _TimedResponse
    sock: socket.socket | None
    _unwritten = b""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except urllib3.exceptions.ConnectTimeoutError:
            raise
        except Exception as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._unwritten = b""
        super().request(*args, **kwargs)  # type: ignore[misc]
        if self.sock is None:
            self.connect()
        super().send(self._unwritten)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        self._unwritten += data


class _Connection(_OneWrite, HTTPConnection):
    pass


class _TLSConnection(_OneWrite, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    """All requests go to one address, so the pool for it is looked up once."""

    _pool: ConnectionPool | None = None

    def get_connection_with_tls_context(
        self, *args: Any, **kwargs: Any
    ) -> ConnectionPool:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
