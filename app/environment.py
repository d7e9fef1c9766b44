"""Reading environment variables: one conversion for each kind of value, one sentence for each mistake.

A conversion raises `ValueError` with the end of a sentence that begins with the variable's name. It
never repeats the value, which may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from phonenumbers import SUPPORTED_REGIONS

from app import phone

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AUTHENTIK_TIMEOUT = (
    30  # seconds; its `http_timeout`: whoever answers later is taken for dead
)
SHORTEST_TOKEN = 16


class Source:
    """Reads variables by name; a secret may also stand in the file that NAME_FILE names."""

    SECRETS = (
        "SIGNAL_API_URL",
        "API_TOKENS",
        "RATE_LIMIT_STORAGE_URI",
        "METRICS_TOKEN",
    )

    def __init__(self, environ: Mapping[str, str], problems: list[str]) -> None:
        self._environ = environ
        self._problems = problems
        self.failed: set[str] = set()

    def get(self, name: str, convert: Callable[[str], T]) -> T | None:
        """The converted value; ``None`` if it is not set or wrong."""
        try:
            text = self._text(name)
            return convert(text) if text else None
        except ValueError as error:
            self.failed.add(name)
            self._problems.append(f"{name} {error}")
            return None

    def _text(self, name: str) -> str:
        text = self._environ.get(name, "").strip()
        path = self._environ.get(f"{name}_FILE") if name in self.SECRETS else None
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


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def urls(text: str) -> tuple[str, ...]:
    found = tuple(url.rstrip("/") for url in _split(text))
    bad = [str(position) for position, url in enumerate(found, 1) if not _is_url(url)]
    if bad or not found:
        position = f" at position {bad[0]}" if bad else ""
        raise ValueError(
            f"has no usable address{position}. Write it like http://signal:8080."
        )
    return found


def _is_url(url: str) -> bool:
    """Whether requests can be made there: what it refuses now it would refuse for each message."""
    try:
        parts = urlsplit(url)
        requests.Request("POST", url).prepare()
        has_host = bool(parts.hostname) and parts.port != 0
    except (ValueError, requests.RequestException):
        return False
    is_clean = url.isascii() and url.isprintable() and not set(url) & set(" \\")
    has_more = bool(parts.query or parts.fragment)
    return is_clean and has_host and parts.scheme in ("http", "https") and not has_more


def number(text: str) -> str:
    try:
        return phone.e164(text)
    except ValueError as error:
        raise ValueError(
            "is no phone number. Write it with its country code, like +4915100000001."
        ) from error


def tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a client's name and its token."""
    pairs = []
    for position, entry in enumerate(_split(text), 1):
        name, colon, token = entry.partition(":")
        if not colon:
            name, token = "default", entry
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            raise ValueError(
                f"has a client at position {position} whose name is not just letters, digits, _ . or -."
            )
        pairs.append((name, secret(token)))
    return tuple(pairs)


def secret(text: str) -> str:
    if (
        len(text) < SHORTEST_TOKEN
        or not text.isascii()
        or not text.isprintable()
        or " " in text
    ):
        raise ValueError(
            f"needs tokens of at least {SHORTEST_TOKEN} ASCII characters without blanks. Make one with"
            " 'openssl rand -hex 32'."
        )
    return text


def region(text: str) -> str:
    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError("is no country. Give two letters, like DE.")
    return text.upper()


def timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < AUTHENTIK_TIMEOUT:
        raise ValueError(
            f"must be above 0 and below {AUTHENTIK_TIMEOUT} seconds: authentik waits no longer."
        )
    return seconds


def positive(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text):
        raise ValueError("must be a whole number above 0.")
    return int(text)


def storage(text: str) -> str:
    if not re.match(r"(memory|rediss?)://", text):
        raise ValueError("must begin with memory://, redis:// or rediss://.")
    return text


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in _split(text))
    except ValueError as error:
        raise ValueError(
            "must be networks separated by commas, like 10.0.0.0/8."
        ) from error


def one_of(*allowed: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        for value in allowed:
            if text.lower() == value.lower():
                return value
        raise ValueError(f"must be one of {', '.join(allowed)}.")

    return convert
