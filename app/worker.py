"""gunicorn's logger, and its threaded worker, made to stand silent callers, crowds, and its own end."""

import json
import socket
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException
from gunicorn.workers import gthread

from app.answers import RETRY_AFTER
from app.errors import GatewayError
from app.logs import share_handler
from app.metrics import REQUESTS
from app.observability import request_id
from app.sockets import SILENT_SECONDS, CallerSocket

REQUEST_SECONDS = 30.0  # for a whole request to come: authentik waits no longer
LAST_SECONDS = 1.0  # for a caller's first byte, when the worker stops, and for what comes after an answer
MOST_WAITING = 256  # requests of a crowd, beside those that the threads serve
CROWD_SECONDS = (
    5.0  # what lasts longer is no crowd but an overload, in which only few may wait
)
UNREADABLE = "This request cannot be read: it is no valid HTTP."


class ServerLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger, which sets itself up anew at every HUP."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        share_handler()


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """A worker whose threads are for those who are served.

    A connection on which nothing comes goes back to the main loop, and one on which a request has
    begun is given up if its next byte does not come within five seconds, or its last within thirty.
    Who comes when too many wait already is told so at once. What is refused here repeats nothing of
    what a caller sent.
    """

    calm_at = 0.0  # when a thread was free last
    refused = 0  # since the last line about them
    told_at = 0.0

    def handle(self, conn: Any) -> Any:
        is_new = not conn.initialized and not conn.data_ready
        was_alive = self.alive
        if is_new and not conn.wait_for_data(0.1 if was_alive else LAST_SECONDS):
            return gthread._DEFER if was_alive else False
        if not conn.initialized:
            conn.sock = CallerSocket(fileno=conn.sock.detach())
            conn.sock.allow(SILENT_SECONDS)  # for TLS, which reads by itself
        conn.sock.deadline = monotonic() + REQUEST_SECONDS
        conn.was_answered = False
        goes_on = super().handle(conn)
        if goes_on is False:
            _hang_up(conn)
        return goes_on

    def finish_request(self, conn: Any, fs: Any) -> None:
        """At its end a worker has no loop to go back to: who has not spoken yet is waited for once more."""
        was_served = not fs.cancelled() and not fs.exception()
        if not self.alive and was_served and fs.result() is gthread._DEFER:
            super().enqueue_req(conn)
        else:
            super().finish_request(conn, fs)

    def handle_request(self, req: Any, conn: Any) -> Any:
        conn.was_answered = True
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        if isinstance(exc, ParseException):
            util.write_error(client, 400, "Bad Request", UNREADABLE)
        else:
            super().handle_error(req, client, addr, exc)

    def enqueue_req(self, conn: Any) -> None:
        if self._has_room():
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        try:
            start = conn.sock.recv(4096, socket.MSG_PEEK)
        except OSError:  # nothing has come yet
            self._watch(conn, self.on_pending_socket_readable)
            return
        if start.startswith(b"GET "):  # health and metrics
            super().enqueue_req(conn)
        else:
            self._refuse(conn, is_text=b"user-agent: authentik@" in start.lower())

    def _has_room(self) -> bool:
        idle = len(self.keepalived_conns) + len(self.pending_conns)
        waiting = self.nr_conns - idle - self.cfg.threads
        now = monotonic()
        if waiting <= 0:
            self.calm_at = now
        is_crowd = now - self.calm_at < CROWD_SECONDS
        return bool(waiting <= (MOST_WAITING if is_crowd else self.cfg.threads))

    def _watch(self, conn: Any, when_readable: Callable[[Any, Any], None]) -> None:
        conn.timeout = monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(when_readable, conn))

    def _refuse(self, conn: Any, is_text: bool) -> None:
        """Say ``busy`` without a thread. What is unread is taken in later, else the answer could be lost."""
        try:
            conn.sock.sendall(_busy(self.wsgi, is_text))
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the caller has gone
        self._watch(conn, self._discard)
        self.refused += 1
        if monotonic() - self.told_at > 1:
            self.log.warning("busy: %s requests more than can wait", self.refused)
            self.told_at, self.refused = monotonic(), 0

    def _discard(self, conn: Any, client: Any) -> None:
        try:
            if conn.sock.recv(65536):
                return
        except OSError:
            pass  # the caller has gone
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.close()

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            self._take_last()

    def _take_last(self) -> None:
        """Serve those whom the kernel has let in already: closing the listener would cut them off."""
        for listener in self.sockets:
            known = -1
            while known < self.nr_conns < self.worker_connections:
                known = self.nr_conns
                self.accept(listener)
            listener.close()


def _hang_up(conn: Any) -> None:
    """End it in this thread: gunicorn's main loop would wait two seconds for a caller who does not close.

    What comes after an answer is read for a while: closed with bytes on their way, a connection loses it.
    """
    deadline = monotonic() + LAST_SECONDS
    try:
        if conn.was_answered and _has_more(conn.sock):
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(LAST_SECONDS)
            while monotonic() < deadline and conn.sock.recv(65536):
                pass
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass  # the caller was faster


def _has_more(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False


def _busy(app: Any, is_text: bool) -> bytes:
    """The answer of the code ``busy`` as the app would give it."""
    REQUESTS.labels("busy").inc()
    number = request_id(None)
    sentence = GatewayError("busy").sentence(app.extensions["sentences"])
    body = {"error": sentence, "code": "busy", "request_id": number}
    text = sentence if is_text else json.dumps(body)
    kind = "text/plain; charset=utf-8" if is_text else "application/json"
    head = {
        "Content-Type": kind,
        "Content-Length": str(len(text.encode()) + 1),
        "Retry-After": str(RETRY_AFTER),
        "X-Request-ID": number,
        "Connection": "close",
    }
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(
        ["HTTP/1.1 503 Service Unavailable", *lines, "", text + "\n"]
    ).encode()
