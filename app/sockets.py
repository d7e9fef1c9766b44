"""Sockets that keep one deadline over all that is done with them, from looking up the host on."""

import socket
import ssl
import struct
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import Any

SILENT_SECONDS = 5.0  # that a caller may make a pause within a request
LEAST = 0.001  # seconds; no time at all would mean to wait for ever
# Linux' SO_RCVTIMEO_NEW has 64 bits for both even where a long has 32.
_TIMEVAL = "qq" if socket.SO_RCVTIMEO == 66 else "ll"


def timeval(seconds: float) -> bytes:
    """``seconds`` as SO_RCVTIMEO and SO_SNDTIMEO take them."""
    whole, fraction = divmod(seconds, 1)
    return struct.pack(_TIMEVAL, int(whole), int(fraction * 1e6) or 1)


class Socket(socket.socket):
    """A socket whose timeout runs from the moment it is set, over all reads and writes after it.

    The kernel keeps it; Python itself would ask before each of them whether it may.
    """

    _deadline = 0.0

    def settimeout(self, value: float | None, /) -> None:
        self._deadline = monotonic() + (value or 0)

    def gettimeout(self) -> float | None:
        """What is left, which TLS takes over."""
        return max(self._deadline - monotonic(), LEAST)

    def connect(self, address: Any, /) -> None:
        super().settimeout(_left(self._deadline))
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
        left = timeval(_left(self._deadline))
        self.setsockopt(socket.SOL_SOCKET, option, left)


class TLSSocket(ssl.SSLSocket):
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
        answer = found.get(timeout=max(deadline - monotonic(), LEAST))
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return list(answer)


def connected(
    family: int, kind: int, protocol: int, address: Any, seconds: float
) -> Socket:
    """A connection to an address that `look_up` found."""
    connection = Socket(family, kind, protocol)
    try:
        connection.settimeout(max(seconds, LEAST))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class CallerSocket(socket.socket):
    """A caller's connection: `BlockingIOError` if nothing comes for long, or it must have come already."""

    deadline = 0.0

    def recv(self, *args: Any) -> bytes:
        left = min(self.deadline - monotonic(), SILENT_SECONDS)
        self.allow(max(left, LEAST))
        return super().recv(*args)

    def allow(self, seconds: float) -> None:
        """Let the kernel wait for so long for what comes next."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(seconds))
