"""gunicorn's settings; GUNICORN_CMD_ARGS and the command line override them."""

import atexit
import gc
import ipaddress
import os
import shutil
import sys
from dataclasses import replace
from tempfile import mkdtemp

worker_class = "app.worker.Worker"
logger_class = "app.worker.ServerLogger"
bind = f"0.0.0.0:{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8880"
# Measured on two cores (docs/performance.md): two workers do nearly twice what one does, four hardly more.
# A thread waits for Signal most of its time; more than 32 wait in vain: a worker sends 32 messages at once.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 32
preload_app = True  # configuration is read once, so a mistake in it is told once and nothing starts
# SIGNAL_TIMEOUT is 20, then these, so that a worker that stops finishes what it sends; authentik waits
# for 30 s, and after as long platforms kill.
graceful_timeout = 25
timeout = 60
control_socket_disable = True
# No %(u)s, where a token may stand; it is not logged unless a platform asks for it.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(M)s'
loglevel = os.environ.get("LOG_LEVEL", "info").lower().replace("debug", "info")

_COUNTED = "signal-gateway-metrics-"


def _remove(folder, owner):
    """Leave nothing behind, not even after a start that fails; workers end the same way and leave it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


_has_metrics = os.environ.get("METRICS_TOKEN") or os.environ.get("METRICS_TOKEN_FILE")
# Where the workers count together; the library reads this variable when it is imported. It stays over HUP,
# which reads this file once more.
if _has_metrics and not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix=_COUNTED)
    atexit.register(_remove, os.environ["PROMETHEUS_MULTIPROC_DIR"], os.getpid())


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
    settings = server.app.wsgi().extensions["settings"]
    shares_nothing = settings.rate_limit_storage_uri == "memory://"
    if shares_nothing and server.cfg.workers > 1 and not settings.preview:
        server.log.warning(_EACH_FOR_ITSELF, server.cfg.workers)
    address = server.cfg.address[0]
    if settings.preview and isinstance(address, tuple):
        token = settings.preview_token or "<your token>"
        greeting = _GREETING.format(token=token, host=address[0], port=address[1])
        print(greeting, flush=True)


def pre_fork(server, worker):
    """Keep what all workers share from being looked through for garbage, and so from being copied."""
    gc.freeze()


def on_reload(server):
    """On HUP, take over a changed configuration; keep the old one if there is a mistake in the new."""
    from app import create_app
    from app.errors import ConfigurationError

    token = server.app.wsgi().extensions["settings"].preview_token
    kept = {"API_TOKENS": f"preview:{token}"} if token else {}
    try:
        app = create_app(environ={**os.environ, **kept})
    except ConfigurationError as error:
        for problem in error.problems:
            server.log.error("%s", problem)
        server.log.error("The old configuration stays in use.")
        return
    app.extensions["settings"] = replace(
        app.extensions["settings"], preview_token=token
    )
    server.app.callable = app


def child_exit(server, worker):
    """What a worker that is gone had under way is no longer."""
    from prometheus_client.multiprocess import mark_process_dead

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)


def on_exit(server):
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if _COUNTED in folder:  # else it is not ours
        shutil.rmtree(folder, ignore_errors=True)


def _is_no_slow_caller(record):
    """Whether a record of gunicorn's is about something else than the five seconds of `Worker`."""
    return not (record.exc_info and record.exc_info[0] is BlockingIOError)


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_EACH_FOR_ITSELF = (
    "Each of the %s workers counts its limits for itself: set RATE_LIMIT_STORAGE_URI=redis://…"
    " to count them together, or WEB_CONCURRENCY=1."
)

_GREETING = """
Preview: SIGNAL_API_URL is not set, so messages are shown here instead of being sent.
Try it in another terminal:

curl http://{host}:{port}/v2/send -H 'Authorization: Bearer {token}' -d \
'{{"From": "authentik", "To": "+49 151 12345678", "Body": "004821", "Message": "Use this code: 004821"}}'
"""
