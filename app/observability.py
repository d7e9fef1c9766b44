"""One log line for each request, under one request id; no message, code, token or full number in it."""

import json
import logging
import os
import re
import time
import traceback
from dataclasses import dataclass, field
from random import getrandbits
from time import monotonic
from types import TracebackType
from typing import Any

from flask import Flask, Response, g, request

from app.phone import masked

STANDARD_ERROR = 2
LOG = logging.getLogger("gateway")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Journal:
    """What the log line of a request will say; the view fills it in on its way."""

    request_id: str
    started: float = field(default_factory=monotonic)
    client: str = "-"
    template: str = "-"
    recipients: tuple[str, ...] = ()
    outcome: str = "-"
    state: str = "not_sent"
    detail: str = ""
    urgent: bool = False
    signal_seconds: float = 0.0


def journal() -> Journal:
    """The journal of the request under way."""
    found: Journal = g.journal
    return found


def set_up_logging(level: str, log_format: str) -> None:
    handler = LineHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(level)
    # It would log parts of answers.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def observe(app: Flask, preview: bool) -> None:
    """Give each request of ``app`` its id and its log line."""

    @app.before_request
    def begin() -> None:
        g.journal = Journal(request_id(request.headers.get("X-Request-ID")))

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = journal().request_id
        if preview:
            response.headers["X-Preview"] = "true"
        LOG.log(
            _level(response.status_code),
            "request",
            extra={"entry": _entry(response.status_code)},
        )
        return response


class ObservedFlask(Flask):
    """A Flask that logs a bug of ours without the exception's text, which may hold anything."""

    def log_exception(self, exc_info: Any) -> None:
        kind, _, trace = exc_info
        entry = {
            "request_id": journal().request_id,
            "exception": kind.__name__,
            "where": where(trace),
        }
        LOG.error("a bug: please report this line", extra={"entry": entry})


def request_id(given: str | None) -> str:
    """The caller's own request id if it is a plain word, else a new one."""
    return given if given and _SANE_ID.fullmatch(given) else f"{getrandbits(128):032x}"


def _level(status: int) -> int:
    """By whose fault it is: the other side's is a warning, ours an error, a person's task critical."""
    if journal().urgent:
        return logging.CRITICAL
    if status == 500:
        return logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.INFO if request.endpoint == "gateway.send" else logging.DEBUG


def _entry(status: int) -> dict[str, Any]:
    noted = journal()
    entry = {
        "request_id": noted.request_id,
        "client": noted.client,
        "template": noted.template,
        "to": ",".join(map(masked, noted.recipients)) or "-",
        "outcome": noted.outcome,
        "state": noted.state,
        "status": status,
        "ms": round((monotonic() - noted.started) * 1000),
        "signal_ms": round(noted.signal_seconds * 1000),
    }
    return {**entry, "detail": noted.detail} if noted.detail else entry


class LineHandler(logging.Handler):
    """Writes each line to standard error with one call of the kernel.

    That keeps lines whole without a lock, for which the threads would queue.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(STANDARD_ERROR, (self.format(record) + "\n").encode())
        except OSError:
            pass  # nobody is left to be told


class TextFormatter(logging.Formatter):
    """``time LEVEL message key=value …`` for people."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = getattr(record, "entry", {})
        values = [
            f"{name}={json.dumps(value) if ' ' in str(value) else value}"
            for name, value in entry.items()
        ]
        return " ".join([_time(record), record.levelname, record.getMessage(), *values])


class JsonFormatter(logging.Formatter):
    """One JSON object a line for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = getattr(record, "entry", {})
        return json.dumps(
            {
                "time": _time(record),
                "level": record.levelname,
                "message": record.getMessage(),
                **entry,
            }
        )


def _time(record: logging.LogRecord) -> str:
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        + f".{int(record.msecs):03d}Z"
    )


def where(trace: TracebackType | None) -> str:
    """The way of an exception through the code, without its text, which could hold what it must not."""
    return " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(trace))
    )
