"""gunicorn's settings; GUNICORN_CMD_ARGS and the command line override them."""

import atexit
import os
import shutil
from functools import partial
from tempfile import mkdtemp

worker_class = "app.server.Worker"
logger_class = "app.server.ServerLogger"
bind = f"0.0.0.0:{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8880"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
threads = 320  # for 96 sends, 192 requests that wait, and 32 that are answered at once
worker_connections = 850  # a process may often open only 1,024 files and connections
preload_app = True  # so that a mistake in the configuration is told once
# Longer than SIGNAL_TIMEOUT, so that a stop lets sends finish; platforms kill after 30.
graceful_timeout = 25
timeout = 60
control_socket_disable = True
# Without %(u)s, which may be a token. Written only if you ask for it.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(M)s'
loglevel = os.environ.get("LOG_LEVEL", "info").lower().replace("debug", "info")

# Several workers count their metrics together in a folder. The Prometheus library reads
# this variable when it is imported. Only the master removes the folder.
if workers > 1 and not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(prefix="signal-gateway-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.register_at_fork(after_in_child=partial(atexit.unregister, shutil.rmtree))

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from app import create_app  # noqa: E402
from app.errors import ConfigurationError  # noqa: E402
from app.signal.preview import greet, guard  # noqa: E402


def on_starting(server):
    guard(server.app.wsgi().extensions["settings"], server.cfg.bind)


def when_ready(server):
    greet(server.app.wsgi().extensions["settings"], server.cfg, server.log)


def on_reload(server):
    """Take over a changed configuration; keep the old one if the new one has a mistake."""
    try:
        server.app.callable = create_app()
    except ConfigurationError as error:
        for problem in [*error.problems, "The old configuration stays in use."]:
            server.log.error("%s", problem)


def child_exit(server, worker):
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(worker.pid)
