"""What gunicorn calls at its start. `gunicorn.conf.py` has the rest of its settings."""

import os
import socket
import struct
import sys
from typing import Any

LOOPBACK = ("127.0.0.1:", "[::1]:", "localhost:")
# Five seconds as the kernel reads them; option 66 has 64 bits even where a long has 32.
SILENCE = struct.pack("qq" if socket.SO_RCVTIMEO == 66 else "ll", 5, 0)

REACHABLE = """\
The gateway cannot start: SIGNAL_API_URL is not set, and it would listen on {}.
A preview shows messages on this terminal and serves 127.0.0.1 alone. To send them, set
SIGNAL_API_URL, SIGNAL_NUMBER and API_TOKENS."""
GREETING = """
Preview: SIGNAL_API_URL is not set, so messages are shown here instead of being sent.
Try it in another terminal:

curl http://{}/v2/send -H 'Authorization: Bearer {}' -d \
'{{"From": "authentik", "To": "+49 151 12345678", "Body": "004821", "Message": "Use this code: 004821"}}'
"""
COUNTED_APART = (
    "Each of the %s workers counts its limits for itself: set"
    " RATE_LIMIT_STORAGE_URI=redis://… to count them together, or WEB_CONCURRENCY=1."
)


def on_starting(server: Any) -> None:
    """Refuse a preview that others could reach: it would show their codes here."""
    settings = server.app.wsgi().extensions["settings"]
    for address in server.cfg.bind:
        if settings.preview and not address.startswith(LOOPBACK):
            sys.exit(REACHABLE.format(address))


def when_ready(server: Any) -> None:
    """Print a line to paste for who tries the gateway, or warn of limits counted apart."""
    settings = server.app.wsgi().extensions["settings"]
    if token := settings.preview_token:
        os.environ["API_TOKENS"] = f"preview:{token}"  # for HUP to read it again
    if settings.preview:
        address = server.cfg.bind[0]
        print(GREETING.format(address, token or "<your token>"), flush=True)
    elif settings.rate_limit_storage_uri == "memory://" and server.cfg.workers > 1:
        server.log.warning(COUNTED_APART, server.cfg.workers)


def post_fork(server: Any, worker: Any) -> None:
    """Give up a request whose next byte takes longer: connections inherit this option."""
    for listener in worker.sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, SILENCE)
