"""Connections to a server of Signal's, below `requests`: what is certain about a failure, and in time.

Three things that neither `requests` nor urllib3 promises: a read timeout over a whole answer and not
between two of its bytes, a request that is written at once after the connection stands, and a failure
to connect that cannot be mistaken for one that came later.
"""

import socket
import ssl
import struct
from queue import Empty, Queue
from threading import Thread
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
from urllib3.exceptions import NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

CONNECT_TIMEOUT = 3.0  # seconds, looking up the host and TLS included


class _Socket(socket.socket):
    """A socket whose timeout runs from the moment it is set, over all reads and writes after it.

    The kernel keeps it; Python itself would ask before each of them whether it may.
    """

    _seconds: float | None = None
    _deadline = 0.0

    def settimeout(self, value: float | None, /) -> None:
        self._seconds = value
        self._deadline = monotonic() + (value or 0)

    def gettimeout(self) -> float | None:
        return self._seconds

    def connect(self, address: Any, /) -> None:
        super().settimeout(self._seconds)
        super().connect(address)
        super().settimeout(None)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        unsent = memoryview(data)
        while unsent:
            self._allow(socket.SO_SNDTIMEO)
            unsent = unsent[self.send(unsent, flags) :]

    def recv_into(self, *args: Any) -> int:
        self._allow(socket.SO_RCVTIMEO)
        try:
            return super().recv_into(*args)
        except BlockingIOError:  # which a reader of sockets would take for their end
            raise TimeoutError from None

    def _allow(self, option: int) -> None:
        """Let the kernel wait for what is left of the time."""
        seconds, fraction = divmod(_left(self._deadline), 1)
        timeval = struct.pack("ll", int(seconds), int(fraction * 1e6) or 1)
        self.setsockopt(socket.SOL_SOCKET, option, timeval)


class _TLSSocket(ssl.SSLSocket):
    """The same for TLS, where Python keeps the time."""

    _deadline = 0.0

    def settimeout(self, value: float | None, /) -> None:
        super().settimeout(value)
        self._deadline = monotonic() + (value or 0)

    def send(self, *args: Any) -> int:
        super().settimeout(_left(self._deadline))
        return super().send(*args)

    def recv_into(self, *args: Any) -> int:
        super().settimeout(_left(self._deadline))
        return super().recv_into(*args)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def look_up(host: str, port: int, deadline: float) -> list[Any]:
    """What `socket.getaddrinfo` finds by ``deadline``; it has no timeout of its own."""
    found: Queue[Any] = Queue()

    def ask() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = found.get(timeout=max(deadline - monotonic(), 0.001))
    except Empty:
        raise urllib3.exceptions.ConnectTimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return list(answer)


class _OneWrite:
    """Connects, then writes headers and body at once, so that what failed before the write is certain.

    Every failure to connect, TLS included, becomes a `NewConnectionError`.
    """

    host: str
    port: int
    sock: Any
    timeout: float | None
    _unwritten = b""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except urllib3.exceptions.ConnectTimeoutError:
            raise
        except Exception as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]

    def _new_conn(self) -> socket.socket:
        """A connection to the first of the host's addresses that takes it, all within one timeout."""
        deadline = monotonic() + min(CONNECT_TIMEOUT, self.timeout or CONNECT_TIMEOUT)
        failure: OSError = TimeoutError()
        for family, kind, protocol, _, address in look_up(
            self.host, self.port, deadline
        ):
            connection = _Socket(family, kind, protocol)
            try:
                connection.settimeout(max(deadline - monotonic(), 0.001))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.connect(address)
                return connection
            except OSError as error:
                connection.close()
                failure = error
        if isinstance(failure, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError from failure
        raise failure

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._unwritten = b""
        super().request(*args, **kwargs)  # type: ignore[misc]
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.timeout)
        super().send(self._unwritten)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        self._unwritten += data


class _Connection(_OneWrite, HTTPConnection):
    pass


class _TLSConnection(_OneWrite, HTTPSConnection):
    def connect(self) -> None:
        self.ssl_context = create_urllib3_context()
        self.ssl_context.sslsocket_class = _TLSSocket
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class OneAddressAdapter(HTTPAdapter):
    """The pooled connections to one address, which several threads may use.

    As all requests go there, the pool and the path are looked up once, and of an answer only what is
    read here is built: status and body.
    """

    _pool: ConnectionPool | None = None
    _path = ""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def get_connection_with_tls_context(
        self, *args: Any, **kwargs: Any
    ) -> ConnectionPool:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    def request_url(self, *args: Any, **kwargs: Any) -> str:
        self._path = self._path or super().request_url(*args, **kwargs)
        return self._path

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response
