"""The environment, read once into one frozen object; every mistake in it is told at once."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app import environment

MEBIBYTE = 1024 * 1024
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class ApiToken:
    """A client's name and the SHA-256 digest of one of its tokens; the token itself is not kept."""

    client: str
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, client: str, token: str) -> "ApiToken":
        return cls(client, hashlib.sha256(token.encode()).digest())


@dataclass(frozen=True)
class Settings:
    """How this process runs. Times are in seconds, sizes in bytes. No ``repr`` holds a secret."""

    signal_urls: tuple[str, ...] = field(default=(), repr=False)  # may hold a password
    signal_number: str | None = field(default=None, repr=False)
    api_tokens: tuple[ApiToken, ...] = ()
    preview_token: str | None = field(
        default=None, repr=False
    )  # made for this run, shown on the terminal
    templates_file: Path = Path("templates.yaml")
    default_region: str | None = None
    signal_timeout: float = 20
    signal_concurrency: int | None = None
    max_body_bytes: int = MEBIBYTE
    rate_limit_storage_uri: str = field(
        default="memory://", repr=False
    )  # may hold a password
    trusted_proxies: tuple[environment.Network, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def preview(self) -> bool:
        """Whether messages are shown on the terminal instead of being sent."""
        return not self.signal_urls


def read_settings(environ: Mapping[str, str], problems: list[str]) -> Settings:
    """The settings in ``environ``. What is wrong with it is added to ``problems``, a sentence each."""
    source = environment.Source(environ, problems)
    get = source.get
    settings = Settings(
        signal_urls=get("SIGNAL_API_URL", environment.urls) or (),
        signal_number=get("SIGNAL_NUMBER", environment.number),
        api_tokens=get("API_TOKENS", _tokens) or (),
        templates_file=Path(environ.get("TEMPLATES_FILE") or "templates.yaml"),
        default_region=get("DEFAULT_REGION", environment.region),
        signal_timeout=get("SIGNAL_TIMEOUT", environment.timeout) or 20,
        signal_concurrency=get("SIGNAL_CONCURRENCY", environment.positive),
        max_body_bytes=get("MAX_BODY_BYTES", environment.positive) or MEBIBYTE,
        rate_limit_storage_uri=get("RATE_LIMIT_STORAGE_URI", environment.storage)
        or "memory://",
        trusted_proxies=get("TRUSTED_PROXIES", environment.networks) or (),
        metrics_token=get("METRICS_TOKEN", environment.secret),
        log_level=get("LOG_LEVEL", environment.one_of(*LEVELS)) or "INFO",
        log_format=get("LOG_FORMAT", environment.one_of("text", "json")) or "text",
    )
    problems += _contradictions(settings, environ, source.failed)
    return _with_preview_token(settings)


def _tokens(text: str) -> tuple[ApiToken, ...]:
    return tuple(ApiToken.of(name, token) for name, token in environment.tokens(text))


def _contradictions(
    settings: Settings, environ: Mapping[str, str], failed: set[str]
) -> list[str]:
    found = []
    if settings.preview and "SIGNAL_API_URL" not in failed and environ.get("PORT"):
        found.append(
            "SIGNAL_API_URL is not set. With PORT set this is no preview on your own"
            " machine: give the address of signal-cli-rest-api, like"
            " http://signal:8080, and API_TOKENS and SIGNAL_NUMBER beside it."
        )
    if not settings.preview and not settings.api_tokens and "API_TOKENS" not in failed:
        found.append(
            "API_TOKENS is not set, so nobody could be let in. Make a token with 'openssl rand -hex 32'"
            " and set API_TOKENS=authentik:<the token>."
        )
    return found


def _with_preview_token(settings: Settings) -> Settings:
    if not settings.preview or settings.api_tokens:
        return settings
    token = secrets.token_urlsafe(24)
    return replace(
        settings, preview_token=token, api_tokens=(ApiToken.of("preview", token),)
    )
