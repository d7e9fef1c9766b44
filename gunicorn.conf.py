"""gunicorn's settings; GUNICORN_CMD_ARGS and the command line override them."""

import ipaddress
import os
import socket
import struct
import sys

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

TEN_SECONDS = struct.pack(
    "ll", 10, 0
)  # a timeval; connections inherit it from their listener

bind = f"0.0.0.0:{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8880"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 32  # a thread waits for Signal most of its time
preload_app = True  # configuration is read once, so a mistake in it is told once and nothing starts
timeout = 60  # above SIGNAL_TIMEOUT, which is below 30
graceful_timeout = 25  # above SIGNAL_TIMEOUT, below the 30 s after which platforms kill
control_socket_disable = True
loglevel = "error"  # a warning of gunicorn's repeats what a caller sent


class Worker(ThreadWorker):
    """A worker whose own refusals repeat nothing of what a caller sent."""

    def handle_error(self, req, client, addr, exc):
        if isinstance(exc, ParseException):
            sentence = "This request cannot be read: it is no valid HTTP."
            util.write_error(client, 400, "Bad Request", sentence)
        else:
            super().handle_error(req, client, addr, exc)


worker_class = Worker


def on_starting(server):
    """Refuse to show codes on a terminal when others can reach the gateway."""
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
    """Wait no longer than 10 s for a caller's next byte; greet whoever tries the gateway."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TEN_SECONDS)
    app = server.app.wsgi()
    settings = app.extensions["settings"]
    if settings.rate_limit_storage_uri == "memory://" and server.cfg.workers > 1:
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
        server.app.callable = create_app(environ={**os.environ, **kept})
    except ConfigurationError as error:
        print(
            f"{error}\nThe old configuration stays in use.", file=sys.stderr, flush=True
        )


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
