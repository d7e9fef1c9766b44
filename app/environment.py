"""Reading environment variables: one conversion for each kind of value, one sentence for each mistake.

A conversion raises `ValueError` with the end of a sentence that begins with the variable's name. It
never repeats the value, which may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import requests
from limits.storage import storage_from_string
from phonenumbers import SUPPORTED_REGIONS

from app import phone

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AUTHENTIK_TIMEOUT = 30  # seconds; its `http_timeout`, after which it gives up
SHORTEST_TOKEN = 16
IN_A_PASSWORD = "In a password write % as %25, / as %2F, # as %23, ? as %3F, @ as %40 and a comma as %2C."


class Source:
    """Reads variables by name; a secret may also stand in the file that NAME_FILE names."""

    SECRETS = "SIGNAL_API_URL API_TOKENS RATE_LIMIT_STORAGE_URI METRICS_TOKEN".split()

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
        advice = f" {IN_A_PASSWORD}" if "@" in text else ""
        raise ValueError(
            f"has no usable address{position}. Write it like http://signal:8080.{advice}"
        )
    return found


def _is_url(url: str) -> bool:
    """Whether requests can be made there: what it refuses now it would refuse for each message."""
    try:
        parts = urlsplit(url)
        requests.Request("POST", url).prepare()
        is_whole = _has_host(parts) and not parts.query
    except (ValueError, requests.RequestException):
        return False
    is_clean = url.isascii() and url.isprintable() and not set(url) & set(" \\")
    return is_clean and is_whole and parts.scheme in ("http", "https")


def _has_host(parts: SplitResult) -> bool:
    """Whether host and port can be used; may raise ``ValueError``. A later ``@`` is a password's end."""
    host = (parts.hostname or "").encode("idna")
    is_cut_off = parts.fragment or "@" in parts.path + parts.query
    return bool(host) and parts.port != 0 and not is_cut_off


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
        name, token = entry.split(":", 1) if ":" in entry else ("default", entry)
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            raise ValueError(
                f"has a client at position {position} whose name is not just letters, digits, _ . or -."
            )
        try:
            pairs.append((name, secret(token)))
        except ValueError as error:
            raise ValueError(f"has at position {position} what {error}") from None
    return tuple(pairs)


def secret(text: str) -> str:
    is_clean = text.isascii() and text.isprintable() and " " not in text
    if len(text) < SHORTEST_TOKEN or not is_clean:
        raise ValueError(
            f"is no token: at least {SHORTEST_TOKEN} ASCII characters without blanks. Make one with"
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
    if text.startswith("redis") and not _is_redis(text):
        raise ValueError(
            f"is no usable address. Write it like redis://:password@redis:6379/0. {IN_A_PASSWORD}"
        )
    return text


def _is_redis(uri: str) -> bool:
    """Whether the library can make connections of it, which it would otherwise refuse for each message."""
    try:
        found: Any = storage_from_string(uri)
        found.storage.connection_pool.make_connection()  # does not connect yet
        parts = urlsplit(uri)
        return _has_host(parts) and bool(re.fullmatch(r"(/[0-9]*)?", parts.path))
    except Exception:  # each option in it has errors of its own
        return False


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
