"""Whether the process lives and could send, and what callers of signal-cli-rest-api ask."""

from collections.abc import Callable
from math import inf
from threading import Lock
from time import monotonic

from flask import Blueprint, Response

from app import metrics
from app.errors import GatewayError
from app.limits import Limits
from app.logs import journal
from app.settings import ApiToken, Settings
from app.signal.delivery import Signal
from app.signal.reasons import NOT_LOADED
from app.signal.transport import Unusable
from app.webhooks import identify

VERSION = "0.1.0"

# The keys of signal-cli-rest-api; its clients look for ``v2`` and for capabilities.
ABOUT: dict[str, object] = {
    "versions": ["v2"],
    "build": 2,
    "mode": "unknown",
    "version": VERSION,
    "capabilities": {"v2/send": ["quotes", "mentions"]},
}
Problems = Callable[[], list[str]]
PROBE_SECONDS = 5.0  # for all servers together
PROBED_SECONDS = 10.0  # for which the result of a probe is used


def readiness(numbers: list[str], limits: Limits, signal: Signal) -> Problems:
    """A function that gives the codes of what keeps a message from being sent now.

    ``numbers`` are those that may send. Signal's servers are asked by one caller at a time.
    """
    lock = Lock()
    sender = numbers[0] if numbers else None
    missing = [] if numbers else ["no_sender"]
    probed_at, problems = -inf, list[str]()

    def ready() -> list[str]:
        nonlocal probed_at, problems
        with lock:
            if monotonic() - probed_at > PROBED_SECONDS:
                down = ["limits_unreachable"] if limits.is_down else []
                problems = missing + _problems(signal, sender) + down
                probed_at = monotonic()
            return problems

    return ready


def _problems(signal: Signal, sender: str | None) -> list[str]:
    """The codes of what keeps every server from sending; none if one of them is ready."""
    codes = set()
    for backend in signal.backends:
        try:
            until = monotonic() + PROBE_SECONDS / len(signal.backends)
            numbers = backend.accounts(until)
        except Unusable:
            codes.add("signal_unreachable")
        else:
            if sender is None or numbers is None or sender in numbers:
                return []
            codes.add("sender_not_registered")
    return sorted(codes)


def blueprint(settings: Settings, limits: Limits, problems: Problems) -> Blueprint:
    """The routes that only tell. ``problems`` is what `readiness` gives."""
    health = Blueprint("health", __name__)

    @health.get("/v1/about")
    def about() -> dict[str, object]:
        identify(settings, settings.api_tokens, limits)
        return ABOUT

    @health.get("/v1/health")
    def health_of_api() -> tuple[str, int]:
        return "", 204

    @health.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/health/ready")
    def ready() -> tuple[dict[str, object], int]:
        found = problems()
        if not found:
            return {"status": "ready"}, 200
        hint = {"hint": NOT_LOADED.detail} if NOT_LOADED.code in found else {}
        journal().outcome, journal().detail = "not_ready", hint.get("hint", "")
        return {"status": "not ready", "problems": found, **hint}, 503

    @health.get("/metrics")
    def prometheus() -> Response:
        if not settings.metrics_token:
            raise GatewayError("not_found")
        token = ApiToken.of("prometheus", settings.metrics_token)
        identify(settings, [token], limits)
        page = metrics.exposition(VERSION, problems())
        return Response(page, content_type=metrics.CONTENT_TYPE)

    return health
