"""gunicorn's settings; GUNICORN_CMD_ARGS and the command line override them."""

import ipaddress
import os
import socket
import struct
import sys
from dataclasses import replace

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers import gthread

FIVE_SECONDS = struct.pack("ll", 5, 0)  # a timeval, for SO_RCVTIMEO

bind = f"0.0.0.0:{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8880"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 32  # a thread waits for Signal most of its time
preload_app = True  # configuration is read once, so a mistake in it is told once and nothing starts
timeout = 60  # above SIGNAL_TIMEOUT, which is below 30
graceful_timeout = 25  # above SIGNAL_TIMEOUT, below the 30 s after which platforms kill
control_socket_disable = True
loglevel = "error"  # a warning of gunicorn's repeats what a caller sent


class Worker(gthread.ThreadWorker):
    """A worker whose threads do not wait for callers who do not speak.

    A connection on which nothing comes goes back to the main loop, and one on which a request has
    begun is given up if its next byte does not come within five seconds. What is refused here repeats
    nothing of what a caller sent.
    """

    def handle(self, conn):
        is_new = not conn.initialized and not conn.data_ready
        if is_new and not conn.wait_for_data(0.1):
            return gthread._DEFER
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, FIVE_SECONDS)
        conn.was_answered = False
        goes_on = super().handle(conn)
        if goes_on is False and not conn.was_answered:
            self._hang_up(conn)
        return goes_on

    def handle_request(self, req, conn):
        conn.was_answered = True
        return super().handle_request(req, conn)

    def _hang_up(self, conn):
        """Else the main loop would wait two seconds for the end of what the caller may still send."""
        try:
            conn.sock.shutdown(socket.SHUT_RD)
        except OSError:
            pass  # the caller was faster

    def handle_error(self, req, client, addr, exc):
        if isinstance(exc, ParseException):
            sentence = "This request cannot be read: it is no valid HTTP."
            util.write_error(client, 400, "Bad Request", sentence)
        else:
            super().handle_error(req, client, addr, exc)


worker_class = Worker


def on_starting(server):
    """Refuse to show codes on a terminal when others can reach the gateway."""
    server.log.error_log.addFilter(_is_no_slow_caller)
    if not server.app.wsgi().extensions["settings"].preview:
        return
    for address in server.cfg.address:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            sys.exit(
                "The gateway cannot start: SIGNAL_API_URL is not set, and it would listen on"
                f" {address[0]}.\nA preview shows messages on this terminal and serves 127.0.0.1"
                " alone. To send them, set\nSIGNAL_API_URL, SIGNAL_NUMBER and API_TOKENS."
            )


def when_ready(server):
    """Greet whoever tries the gateway with a line to paste."""
    app = server.app.wsgi()
    settings = app.extensions["settings"]
    shares_nothing = settings.rate_limit_storage_uri == "memory://"
    if shares_nothing and server.cfg.workers > 1 and not settings.preview:
        print(
            _EACH_FOR_ITSELF.format(workers=server.cfg.workers),
            file=sys.stderr,
            flush=True,
        )
    address = server.cfg.address[0]
    if settings.preview and isinstance(address, tuple):
        print(
            _GREETING.format(
                token=settings.preview_token or "<your token>",
                host=address[0],
                port=address[1],
            ),
            flush=True,
        )


def on_reload(server):
    """On HUP, take over a changed configuration; keep the old one if there is a mistake in the new."""
    from app import create_app
    from app.errors import ConfigurationError

    token = server.app.wsgi().extensions["settings"].preview_token
    kept = {"API_TOKENS": f"preview:{token}"} if token else {}
    try:
        app = create_app(environ={**os.environ, **kept})
        app.extensions["settings"] = replace(
            app.extensions["settings"], preview_token=token
        )
        server.app.callable = app
    except ConfigurationError as error:
        print(
            f"{error}\nThe old configuration stays in use.", file=sys.stderr, flush=True
        )


def _is_no_slow_caller(record):
    """Whether a record of gunicorn's is about something else than the five seconds of `Worker`."""
    return not (record.exc_info and record.exc_info[0] is BlockingIOError)


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_EACH_FOR_ITSELF = (
    "Each of the {workers} workers counts its limits for itself: set RATE_LIMIT_STORAGE_URI=redis://…"
    " to count them together, or WEB_CONCURRENCY=1."
)

_GREETING = """
Preview: SIGNAL_API_URL is not set, so messages are shown here instead of being sent.
Try it in another terminal:

curl http://{host}:{port}/v2/send -H 'Authorization: Bearer {token}' -d \
'{{"From": "authentik", "To": "+49 151 12345678", "Body": "004821", "Message": "Use this code: 004821"}}'
"""
