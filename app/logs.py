"""The log: one line for each request, and how all lines look.

No message, code, token or full number is ever in one.
"""

import json
import logging
import re
import secrets
import time
import traceback
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from flask import Flask, Response, g, request

from app import metrics
from app.phone import masked

LOG = logging.getLogger("app")  # Flask's own logger of this name writes here, too
SUCCESS = ("-", "sent")  # outcomes of requests that only asked, and of those that sent
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Journal:
    """What the line of a request will say; the view fills it in on its way."""

    request_id: str
    started: float = field(default_factory=monotonic)
    client: str = "-"
    template: str = "-"
    recipients: tuple[str, ...] = ()
    outcome: str = "-"
    detail: str = ""
    urgent: bool = False
    signal_seconds: float = 0.0


def journal() -> Journal:
    """The journal of the request under way."""
    current: Journal = g.journal
    return current


def log_requests(app: Flask, preview: bool) -> None:
    """Give each request of ``app`` its id, its line and its place in the metrics."""

    @app.before_request
    def begin() -> None:
        metrics.IN_FLIGHT.inc()
        given = request.headers.get("X-Request-ID", "")
        is_sane = _SANE_ID.fullmatch(given)
        g.journal = Journal(given if is_sane else secrets.token_hex(16))

    @app.after_request
    def end(response: Response) -> Response:
        entry, status = journal(), response.status_code
        response.headers["X-Request-ID"] = entry.request_id
        if preview:
            response.headers["X-Preview"] = "true"
        sends = request.endpoint == "gateway.send"
        level = _level(entry, status, sends)
        LOG.log(level, "request", extra={"entry": _values(entry, status)})
        metrics.IN_FLIGHT.dec()
        code = "ok" if entry.outcome in SUCCESS else entry.outcome
        metrics.REQUESTS.labels(code).inc()
        if sends:
            metrics.REQUEST_SECONDS.observe(monotonic() - entry.started)
        return response


def _level(entry: Journal, status: int, sends: bool) -> int:
    """By whose fault it is: the other side's is a warning, ours an error, critical needs a person."""
    if entry.urgent:
        return logging.CRITICAL
    if status == 500:
        return logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.INFO if sends else logging.DEBUG


def _values(entry: Journal, status: int) -> dict[str, Any]:
    values = {
        "request_id": entry.request_id,
        "client": entry.client,
        "template": entry.template,
        "to": ",".join(map(masked, entry.recipients)) or "-",
        "outcome": entry.outcome,
        "status": status,
        "ms": round((monotonic() - entry.started) * 1000),
        "signal_ms": round(entry.signal_seconds * 1000),
    }
    return {**values, "detail": entry.detail} if entry.detail else values


def set_up_logging(level: str, log_format: str) -> None:
    """Let the gateway and gunicorn log to standard error in the same form."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(log_format == "json"))
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(level)
    share_handler()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs parts of answers


def share_handler() -> None:
    """Let gunicorn write as the gateway does, unless it was told to write to a file."""
    server = logging.getLogger("gunicorn.error")
    if not any(isinstance(known, logging.FileHandler) for known in server.handlers):
        server.handlers = list(LOG.handlers or server.handlers)


class LineFormatter(logging.Formatter):
    """``time LEVEL message key=value …`` for people, or a JSON object for collectors."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        head = {"time": self.formatTime(record), "level": record.levelname}
        head["message"], entry = _message(record), _entry(record)
        if self._as_json:
            return json.dumps(head | entry)
        values = [
            f"{name}={json.dumps(value) if ' ' in str(value) else value}"
            for name, value in entry.items()
        ]
        return " ".join([*head.values(), *values])


def _message(record: logging.LogRecord) -> str:
    """The sentence on one line; beside an exception without values, which may be secret."""
    if record.exc_info:
        return str(record.msg).replace("%s", "…")
    return " ".join(record.getMessage().split())


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    """The values of a request's line; of an exception its way but not its text, which may be secret."""
    entry: dict[str, Any] = getattr(record, "entry", {})
    if not record.exc_info or not record.exc_info[0]:
        return entry
    kind, _, trace = record.exc_info
    frames = reversed(traceback.extract_tb(trace))
    where = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in frames)
    return {**entry, "exception": kind.__name__, "where": where}
