"""The environment, read once into one frozen object; every mistake in it is told at once."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from app import environment

T = TypeVar("T")

LARGEST_BODY = 4 * 1024 * 1024
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SECRETS = ("SIGNAL_API_URL", "API_TOKENS", "RATE_LIMIT_STORAGE_URI", "METRICS_TOKEN")
NO_SERVER = (
    "SIGNAL_API_URL is not set. With PORT set this is no preview on your own machine: give the"
    " address of signal-cli-rest-api, like http://signal:8080, and API_TOKENS and SIGNAL_NUMBER"
    " beside it."
)
NO_TOKENS = (
    "API_TOKENS is not set, so nobody could be let in. Make a token with 'openssl rand -hex 32'"
    " and set API_TOKENS=authentik:<the token>."
)


@dataclass(frozen=True)
class ApiToken:
    """A client's name and the SHA-256 digest of one of its tokens; the token is not kept."""

    client: str
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, client: str, token: str) -> "ApiToken":
        return cls(client, hashlib.sha256(token.encode()).digest())

    @classmethod
    def read(cls, text: str) -> "tuple[ApiToken, ...]":
        return tuple(cls.of(*pair) for pair in environment.tokens(text))


@dataclass(frozen=True)
class Settings:
    """How this process runs. Times are in seconds, sizes in bytes. No ``repr`` holds a secret.

    ``preview_token`` is made for a run without `SIGNAL_API_URL` and shown on the terminal.
    """

    signal_urls: tuple[str, ...] = field(default=(), repr=False)
    signal_number: str | None = field(default=None, repr=False)
    api_tokens: tuple[ApiToken, ...] = ()
    preview_token: str | None = field(default=None, repr=False)
    templates_file: Path = Path("templates.yaml")
    default_region: str | None = None
    signal_timeout: float = 20
    signal_concurrency: int | None = None
    max_body_bytes: int = LARGEST_BODY
    rate_limit_storage_uri: str = field(default="memory://", repr=False)
    trusted_proxies: tuple[environment.Network, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def preview(self) -> bool:
        """Whether messages are shown on the terminal instead of being sent."""
        return not self.signal_urls


def read_settings(environ: Mapping[str, str], problems: list[str]) -> Settings:
    """The settings in ``environ``. What is wrong is added to ``problems``, a sentence each."""

    def get(name: str, convert: Callable[[str], T], default: T) -> T:
        try:
            text = _text(environ, name)
            return convert(text) if text else default
        except ValueError as error:
            problems.append(f"{name} {error}")
            return default

    settings = Settings(
        signal_urls=get("SIGNAL_API_URL", environment.urls, ()),
        signal_number=get("SIGNAL_NUMBER", environment.number, None),
        api_tokens=get("API_TOKENS", ApiToken.read, ()),
        templates_file=get("TEMPLATES_FILE", Path, Path("templates.yaml")),
        default_region=get("DEFAULT_REGION", environment.region, None),
        signal_timeout=get("SIGNAL_TIMEOUT", environment.timeout, 20.0),
        signal_concurrency=get("SIGNAL_CONCURRENCY", environment.positive, None),
        max_body_bytes=get("MAX_BODY_BYTES", environment.positive, LARGEST_BODY),
        rate_limit_storage_uri=get(
            "RATE_LIMIT_STORAGE_URI", environment.storage, "memory://"
        ),
        trusted_proxies=get("TRUSTED_PROXIES", environment.networks, ()),
        metrics_token=get("METRICS_TOKEN", environment.secret, None),
        log_level=get("LOG_LEVEL", environment.one_of(*LEVELS), "INFO"),
        log_format=get("LOG_FORMAT", environment.one_of("text", "json"), "text"),
    )
    failed = {problem.split()[0] for problem in problems}
    if settings.preview and "SIGNAL_API_URL" not in failed and environ.get("PORT"):
        problems.append(NO_SERVER)
    if settings.api_tokens:
        return settings
    if settings.preview:
        token = secrets.token_urlsafe(24)
        tokens = (ApiToken.of("preview", token),)
        return replace(settings, preview_token=token, api_tokens=tokens)
    if "API_TOKENS" not in failed:
        problems.append(NO_TOKENS)
    return settings


def _text(environ: Mapping[str, str], name: str) -> str:
    """The variable's text; that of a secret may be in the file that NAME_FILE names."""
    text = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE") if name in SECRETS else None
    if not path:
        return text
    if text:
        raise ValueError(f"is set, and so is {name}_FILE. Keep one of them.")
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"cannot be read: {name}_FILE does not name a file that can be read."
        ) from error
    if not text:
        raise ValueError(f"is empty: there is nothing in the file of {name}_FILE.")
    return text
