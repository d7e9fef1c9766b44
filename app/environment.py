"""Conversions of what an operator writes: one for each kind of value, one sentence for each mistake.

A conversion raises `ValueError` with a sentence that lacks its subject, as in "is not a phone
number." It never repeats the value, which may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import limits
import requests
from limits.storage import storage_from_string
from phonenumbers import SUPPORTED_REGIONS

from app import phone

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
AUTHENTIK_TIMEOUT = 30  # seconds; its `http_timeout`, after which it gives up
SHORTEST_TOKEN = 16
IN_A_PASSWORD = "In a password write % as %25, / as %2F, # as %23, ? as %3F, @ as %40 and a comma as %2C."
_PATTERN = re.compile(r"(?=.*\*)[+A-Za-z0-9_.*/=-]+")


def split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def told(sentence: str, convert: Callable[[str], T]) -> Callable[[str], T]:
    """``convert``, whose errors are told by this sentence."""

    def read(text: str) -> T:
        try:
            return convert(text)
        except (ValueError, LookupError) as error:
            raise ValueError(sentence) from error

    return read


def _one(*allowed: str) -> Callable[[str], str]:
    return lambda text: {value.lower(): value for value in allowed}[text.lower()]


def one_of(*allowed: str) -> Callable[[str], str]:
    return told(f"must be one of {', '.join(allowed)}.", _one(*allowed))


def _limit(text: str) -> str:
    limits.parse(text)
    return text


def matched(pattern: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError("in another form")
    return text


def _network(text: str) -> Network:
    return ipaddress.ip_network(text, strict=False)


def _pattern(text: str) -> str:
    if not _PATTERN.fullmatch(text):
        return phone.recipient(text, None)
    is_number = text[:1] in "+*" or text.startswith("group.")
    return text if is_number else text.lower()


number = told(
    "is no phone number. Write it with its country code, like +4915100000001.",
    phone.number,
)
pattern = told(
    "is no recipient and no pattern of one. Write it like +49* or group.*.", _pattern
)
network = told("is no network. Write it like 10.0.0.0/8.", _network)
networks = told(
    "must be networks separated by commas, like 10.0.0.0/8.",
    lambda text: tuple(map(_network, split(text))),
)
limit = told("is no limit. Write it like 10 per 5 minutes.", _limit)
region = told("is no country. Give two letters, like DE.", _one(*SUPPORTED_REGIONS))
positive = told(
    "must be a whole number above 0.",
    lambda text: int(matched(r"[1-9][0-9]{0,9}", text)),
)


def timeout(text: str) -> float:
    is_number = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text)
    if not is_number or not 0 < float(text) < AUTHENTIK_TIMEOUT:
        raise ValueError(
            f"must be above 0 and below {AUTHENTIK_TIMEOUT} seconds: authentik waits no longer."
        )
    return float(text)


def urls(text: str) -> tuple[str, ...]:
    found = tuple(url.rstrip("/") for url in split(text))
    bad = [n for n, url in enumerate(found, 1) if not _is_address(url, "http", "https")]
    if bad or not found:
        position = f" at position {bad[0]}" if len(found) > 1 else ""
        advice = f" {IN_A_PASSWORD}" if "@" in text else ""
        raise ValueError(
            f"has no usable address{position}. Write it like http://signal:8080.{advice}"
        )
    if any(url.endswith("/v1/send") for url in found):
        raise ValueError(
            "ends in /v1/send. Write the address alone: http://signal:8080."
        )
    return found


def _is_address(url: str, *schemes: str) -> bool:
    """Whether requests can be made there. A ``@`` after the host is the rest of a password."""
    try:
        requests.Request("POST", url).prepare()
        parts = urlsplit(url)
        has_host = bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except (ValueError, requests.RequestException):
        return False
    is_clean = url.isascii() and url.isprintable() and not set(url) & set(" \\#")
    has_more = "@" in parts.path + parts.query or (parts.query and "http" in schemes)
    return has_host and is_clean and not has_more and parts.scheme in schemes


def storage(text: str) -> str:
    if not re.match(r"(memory|rediss?)://", text):
        raise ValueError("must begin with memory://, redis:// or rediss://.")
    if text.startswith("redis") and not _is_redis(text):
        raise ValueError(
            f"is no usable address. Write it like redis://:password@redis:6379/0. {IN_A_PASSWORD}"
        )
    return text


def _is_redis(uri: str) -> bool:
    """Whether connections can be made from it, without making one yet."""
    try:
        redis: Any = storage_from_string(uri)
        redis.storage.connection_pool.make_connection()
    except Exception:  # each option in it has errors of its own
        return False
    has_number = re.fullmatch(r"(/[0-9]*)?", urlsplit(uri).path)
    return bool(has_number) and _is_address(uri, "redis", "rediss")


def tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a client's name and its token."""
    pairs = []
    entries = split(text)
    for position, entry in enumerate(entries, 1):
        place = f" at position {position}" if len(entries) > 1 else ""
        name, token = entry.split(":", 1) if ":" in entry else ("default", entry)
        if re.match(r"[A-Za-z0-9_.-]+=[^=]", entry):  # base64 may end in it
            raise ValueError(f"has an = after the name{place}. Write name:token.")
        if not CLIENT_NAME.fullmatch(name):
            raise ValueError(
                f"has a client{place} whose name is not just letters, digits, _ . or -."
            )
        try:
            pairs.append((name, secret(token)))
        except ValueError as error:
            raise ValueError(f"has{place} what {error}") from None
    return tuple(pairs)


def secret(text: str) -> str:
    is_clean = text.isascii() and text.isprintable() and " " not in text
    if len(text) < SHORTEST_TOKEN or not is_clean:
        raise ValueError(
            f"is no token: at least {SHORTEST_TOKEN} ASCII characters without blanks. Make one with"
            " 'openssl rand -hex 32'."
        )
    return text
