"""The environment, read once into one frozen object; every mistake in it is told at once."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app import environment

SECRETS = ("SIGNAL_API_URL", "API_TOKENS", "RATE_LIMIT_STORAGE_URI", "METRICS_TOKEN")
NO_SERVER = (
    "SIGNAL_API_URL is not set, but PORT is, so this is no preview on your own machine. Set"
    " SIGNAL_API_URL, like http://signal:8080, SIGNAL_NUMBER and API_TOKENS."
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


@dataclass(frozen=True)
class Settings:
    """How this process runs. Times are in seconds, sizes in bytes. No ``repr`` holds a secret.

    ``preview_token`` is made for a run without `SIGNAL_API_URL` and shown on the terminal.
    """

    signal_api_url: tuple[str, ...] = field(default=(), repr=False)
    signal_number: str | None = field(default=None, repr=False)
    api_tokens: tuple[ApiToken, ...] = ()
    preview_token: str | None = field(default=None, repr=False)
    templates_file: Path = Path("templates.yaml")
    default_region: str | None = None
    signal_timeout: float = 20
    signal_concurrency: int | None = None
    max_body_bytes: int = 4 * 1024 * 1024
    rate_limit_storage_uri: str = field(default="memory://", repr=False)
    trusted_proxies: tuple[environment.Network, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "INFO"
    log_format: str = "text"

    @property
    def preview(self) -> bool:
        """Whether messages are shown on the terminal instead of being sent."""
        return not self.signal_api_url


# How each variable is read. Its name in lower case is a field of `Settings`.
VARIABLES: Mapping[str, Callable[[str], Any]] = {
    "SIGNAL_API_URL": environment.each(environment.url),
    "SIGNAL_NUMBER": environment.number,
    "API_TOKENS": environment.each(lambda text: ApiToken.of(*environment.token(text))),
    "TEMPLATES_FILE": Path,
    "DEFAULT_REGION": environment.region,
    "SIGNAL_TIMEOUT": environment.timeout,
    "SIGNAL_CONCURRENCY": environment.positive,
    "MAX_BODY_BYTES": environment.positive,
    "RATE_LIMIT_STORAGE_URI": environment.storage,
    "TRUSTED_PROXIES": environment.each(environment.network),
    "METRICS_TOKEN": environment.secret,
    "LOG_LEVEL": environment.one_of(
        "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", spelled=str.upper
    ),
    "LOG_FORMAT": environment.one_of("text", "json", spelled=str.lower),
}


def read_settings(environ: Mapping[str, str], problems: list[str]) -> Settings:
    """The settings in ``environ``. What is wrong is added to ``problems``, a sentence each."""
    values = {}
    for name, convert in VARIABLES.items():
        try:
            if (text := _text(environ, name)) is not None:
                values[name.lower()] = convert(text)
        except ValueError as error:
            problems.append(f"{name} {error}")
    settings = Settings(**values)
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


def _text(environ: Mapping[str, str], name: str) -> str | None:
    """The variable's text; that of a secret may be in the file that NAME_FILE names."""
    text = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE") if name in SECRETS else None
    if not path:
        return text or None
    if text:
        raise ValueError(f"is set, and so is {name}_FILE. Keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"cannot be read: {name}_FILE does not name a file that can be read."
        ) from error
