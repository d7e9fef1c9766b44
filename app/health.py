"""Whether the process lives, and what callers of signal-cli-rest-api ask before they send."""

from collections.abc import Sequence
from math import inf
from threading import Lock
from time import monotonic

from flask import Blueprint, Response

from app import callers, doctor, metrics
from app.errors import GatewayError
from app.observability import journal
from app.settings import ApiToken, Settings
from app.signal import Signal
from app.templates import Catalogue
from app.throttle import Throttle

VERSION = "0.1.0"

# The keys of signal-cli-rest-api; its clients look for ``v2`` and for capabilities.
ABOUT: dict[str, object] = {
    "versions": ["v2"],
    "build": 2,
    "mode": "unknown",
    "version": VERSION,
    "capabilities": {"v2/send": ["quotes", "mentions"]},
}
PROBED_SECONDS = 10.0  # for so long a probe's result is used


class Readiness:
    """Whether a message could be sent now, asked of Signal's servers one probe at a time."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        throttle: Throttle,
        signal: Signal,
    ) -> None:
        numbers = doctor.senders(settings, catalogue)
        self._sender = numbers[0] if numbers else None
        self._lacking = [] if numbers or settings.preview else ["no_sender"]
        self._throttle = throttle
        self._signal = signal
        self._lock = Lock()
        self._probed_at = -inf
        self._problems: list[str] = []

    def problems(self) -> list[str]:
        """The codes of what is in the way."""
        with self._lock:
            if monotonic() - self._probed_at > PROBED_SECONDS:
                down = ["limits_unreachable"] if self._throttle.is_down else []
                found = self._signal.problems(self._sender)
                self._problems = self._lacking + found + down
                self._probed_at = monotonic()
            return self._problems


def blueprint(settings: Settings, throttle: Throttle, state: Readiness) -> Blueprint:
    health = Blueprint("health", __name__)
    token = settings.metrics_token
    scrapers = [ApiToken.of("prometheus", token)] if token else []

    def identify(tokens: Sequence[ApiToken]) -> None:
        caller = callers.address(settings)
        journal().client = callers.identified(tokens, throttle, caller)

    @health.get("/v1/about")
    def about() -> dict[str, object]:
        identify(settings.api_tokens)
        return ABOUT

    @health.get("/v1/health")
    def health_of_api() -> tuple[str, int]:
        return "", 204

    @health.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/health/ready")
    def ready() -> tuple[dict[str, object], int]:
        problems = state.problems()
        if problems:
            journal().outcome = "not_ready"
            return {"status": "not ready", "problems": problems}, 503
        return {"status": "ready"}, 200

    @health.get("/metrics")
    def told_to_prometheus() -> Response:
        if not scrapers:
            raise GatewayError("not_found")
        identify(scrapers)
        text = metrics.exposition(VERSION, state.problems())
        return Response(text, content_type=metrics.CONTENT_TYPE)

    return health
