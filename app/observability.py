"""One log line for each request, under one request id; no message, code, token or full number in it."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import randbytes
from time import monotonic
from typing import Any

from flask import Flask, Response, g, request

from app import metrics
from app.logs import LOG
from app.phone import masked

SUCCESS = ("-", "sent")  # outcomes of requests that only asked, and of those that sent
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


def observe(app: Flask, preview: bool) -> None:
    """Give each request of ``app`` its id, its log line and its place in the metrics."""

    @app.before_request
    def begin() -> None:
        metrics.IN_FLIGHT.inc()
        g.journal = Journal(request_id(request.headers.get("X-Request-ID")))

    @app.after_request
    def end(response: Response) -> Response:
        noted, status = journal(), response.status_code
        response.headers["X-Request-ID"] = noted.request_id
        if preview:
            response.headers["X-Preview"] = "true"
        sends = request.endpoint == "gateway.send"
        LOG.log(
            _level(noted, status, sends),
            "request",
            extra={"entry": _entry(noted, status)},
        )
        _count(noted, sends)
        return response


class ObservedFlask(Flask):
    """A Flask that logs a bug of ours without the exception's text, which may hold anything."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func  # all of ours are synchronous: no need to look at each again for every request

    def log_exception(self, exc_info: Any) -> None:
        entry = {"request_id": journal().request_id}
        LOG.error(
            "a bug: please report this line", exc_info=exc_info, extra={"entry": entry}
        )


def request_id(given: str | None) -> str:
    """The caller's own request id if it is a plain word, else a new one."""
    return given if given and _SANE_ID.fullmatch(given) else randbytes(16).hex()


def _count(noted: Journal, sends: bool) -> None:
    metrics.IN_FLIGHT.dec()
    metrics.REQUESTS.labels("ok" if noted.outcome in SUCCESS else noted.outcome).inc()
    if sends:
        metrics.REQUEST_SECONDS.observe(monotonic() - noted.started)


def _level(noted: Journal, status: int, sends: bool) -> int:
    """By whose fault it is: the other side's is a warning, ours an error, a person's task critical."""
    if noted.urgent:
        return logging.CRITICAL
    if status == 500:
        return logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.INFO if sends else logging.DEBUG


def _entry(noted: Journal, status: int) -> dict[str, Any]:
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
