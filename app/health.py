"""Whether the process lives, and what callers of signal-cli-rest-api ask before they send."""

from flask import Blueprint, request

from app import access
from app.observability import journal
from app.settings import Settings

VERSION = "0.1.0"


def blueprint(settings: Settings) -> Blueprint:
    health = Blueprint("health", __name__)

    @health.get("/v1/about")
    def about() -> dict[str, object]:
        """The keys of signal-cli-rest-api; its clients look for ``v2`` and for capabilities."""
        journal().client = access.identify(
            request.headers.get("Authorization"), settings.api_tokens
        )
        return {
            "versions": ["v2"],
            "build": 2,
            "mode": "unknown",
            "version": VERSION,
            "capabilities": {"v2/send": ["quotes", "mentions"]},
        }

    @health.get("/v1/health")
    def health_of_api() -> tuple[str, int]:
        return "", 204

    @health.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    return health
