"""Connections to a server of Signal's, below `requests`: what is certain about a failure, and in time.

Three things that neither `requests` nor urllib3 promises: a read timeout over a whole answer and not
between two of its bytes, a request that is written at once after the connection stands, and a failure
to connect that cannot be mistaken for one that came later.
"""

import socket
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import (
    ConnectionPool,
    HTTPConnectionPool,
    HTTPSConnectionPool,
)
from urllib3.exceptions import NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from app.sockets import LEAST, TLSSocket, connected, look_up

CONNECT_TIMEOUT = 3.0  # seconds, looking up the host and TLS included


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
        except Exception as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]

    def _new_conn(self) -> socket.socket:
        """A connection to the first of the host's addresses that takes it, all within one timeout."""
        deadline = monotonic() + min(CONNECT_TIMEOUT, self.timeout or CONNECT_TIMEOUT)
        found = look_up(self.host, self.port, deadline)
        failure = OSError()
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            share = (deadline - monotonic()) / (len(found) - tried)
            try:
                connection = connected(family, kind, protocol, address, share)
                connection.settimeout(deadline - monotonic())
                return connection
            except OSError as error:
                failure = error
        raise failure

    def request(self, *args: Any, **kwargs: Any) -> None:
        deadline = monotonic() + (self.timeout or 0)
        self._unwritten = b""
        super().request(*args, **kwargs)  # type: ignore[misc]
        if self.sock is None:
            self.connect()
        self.sock.settimeout(max(deadline - monotonic(), LEAST))
        super().send(self._unwritten)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        self._unwritten += data


class _Connection(_OneWrite, HTTPConnection):
    pass


class _TLSConnection(_OneWrite, HTTPSConnection):
    def connect(self) -> None:
        self.ssl_context = create_urllib3_context()
        self.ssl_context.sslsocket_class = TLSSocket
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection

    def _validate_conn(self, conn: Any) -> None:
        """Not here: connecting is a part of the request, and of its time."""


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
