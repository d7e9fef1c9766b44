"""gunicorn's logger and threaded worker, changed where the stock ones leak or hang."""

import socket
import struct
import sys
from contextlib import suppress
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn import glogging, util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.logs import share_handler

SILENCE = struct.pack("ll", 5, 0)  # seconds of a pause in a request, for the kernel
LINGER_SECONDS = 1.0  # for a caller to close its side of an ended connection


class ServerLogger(glogging.Logger):  # type: ignore[misc]
    """Writes lines in the gateway's own format."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        share_handler()

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """A caller who went silent is no error."""
        is_silence = isinstance(sys.exception(), BlockingIOError)
        (self.debug if is_silence else super().exception)(msg, *args, **kwargs)


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker whose threads and main loop wait for no idle caller."""

    def accept(self, listener: socket.socket) -> bool:
        """Let a new connection wait for its first byte in the main loop, not in a thread."""
        try:
            client, address = listener.accept()
        except OSError:  # another worker was faster, or the caller has gone
            return False
        conn = TConn(self.cfg, client, address, listener.getsockname())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, SILENCE)
        conn.set_timeout()
        self.nr_conns += 1
        self.pending_conns.append(conn)
        readable = self.on_pending_socket_readable
        self.poller.register(client, EVENT_READ, lambda key: readable(conn, key))
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """When stopping, serve who is connected already: closing the listener would drop them."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self.nr_conns < self.worker_connections and self.accept(listener):
                    pass
                listener.close()

    def handle(self, conn: Any) -> bool:
        """Wait for a caller to hang up here; stock code does so in its main loop."""
        if super().handle(conn):
            return True
        deadline = monotonic() + LINGER_SECONDS
        with suppress(OSError):  # the caller has gone, or is slower than that
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(LINGER_SECONDS)
            while monotonic() < deadline and conn.sock.recv(65536):
                pass  # closing on unread bytes could lose the answer
        with suppress(OSError):
            conn.sock.shutdown(socket.SHUT_RD)
        return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Repeat nothing of a malformed request: it may hold a token."""
        if isinstance(exc, ParseException):
            util.write_error(client, 400, "Bad Request", "This is no valid HTTP.")
        else:
            super().handle_error(req, client, addr, exc)
