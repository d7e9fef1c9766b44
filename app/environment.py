"""Conversions of what an operator writes: one for each kind of value.

A conversion raises `ValueError` with a sentence that lacks its subject, as in "is no phone
number." It never repeats the value, which may be a secret.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import limits
from limits.storage import storage_from_string
from phonenumbers import SUPPORTED_REGIONS

from app import phone

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PASSWORD = "In a password write special characters like / as %2F and a comma as %2C."
# What follows a scheme, in ASCII: a user and a password, the host, the port.
_HOST = (
    r"(?=[!-~]*$)([^/?#\\]*@)?"
    r"([\w-]{1,63}(\.[\w-]{1,63})*\.?|\[[\da-fA-F:.]+\])(:[1-9]\d{0,4})?"
)


def conversion(
    sentence: str, convert: Callable[[str], T], form: str | re.Pattern[str] = "(?s).*"
) -> Callable[[str], T]:
    """``convert`` for texts of a ``form``, with one sentence for each mistake."""

    def read(text: str) -> T:
        try:
            if not re.fullmatch(form, text):
                raise ValueError("in another form")
            return convert(text)
        except Exception as error:  # each library has errors of its own
            raise ValueError(sentence) from error

    return read


def one_of(*allowed: str, spelled: Callable[[str], str] = str) -> Callable[[str], str]:
    """A conversion to one of these texts; ``spelled`` gives a text their case."""
    sentence = f"must be one of {', '.join(allowed)}."
    return conversion(sentence, lambda text: allowed[allowed.index(spelled(text))])


def each(convert: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A conversion of several texts with commas or line breaks between them."""

    def read(text: str) -> tuple[T, ...]:
        parts = [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
        values = []
        for position, part in enumerate(parts or [""], 1):
            try:
                values.append(convert(part))
            except ValueError as error:
                place = f"at position {position} " if len(parts) > 1 else ""
                raise ValueError(f"{place}{error}") from error
        return tuple(values)

    return read


def _pattern(text: str) -> str:
    if "*" not in text:
        return phone.recipient(text, None)
    return text if text.startswith(("*", "group.")) else text.lower()


def _storage(text: str) -> str:
    """``text`` if connections can be made from it; none is made here."""
    if text != "memory://":
        redis: Any = storage_from_string(text)
        redis.storage.connection_pool.make_connection()
    return text


def url(text: str) -> str:
    """The address of one Signal server."""
    if re.search("/v1/send/?$", text):
        raise ValueError("ends in /v1/send. Leave that out.")
    return _url(text.rstrip("/"))


def token(text: str) -> tuple[str, str]:
    """The name of a client, or ``default``, and its token."""
    if re.match(r"[A-Za-z0-9_.-]+=[^=]", text):  # base64 may end in it
        raise ValueError("has an = after the name. Write name:token.")
    name, value = text.split(":", 1) if ":" in text else ("default", text)
    return _client_name(name), secret(value)


_client_name = conversion(
    "has a client whose name is not just letters, digits, _ . or -.", str, CLIENT_NAME
)
secret = conversion(
    "is no token: at least 16 ASCII characters without blanks. Make one with"
    " 'openssl rand -hex 32'.",
    str,
    "[!-~]{16,}",
)
_url = conversion(
    f"is no usable address. Write it like http://signal:8080. {_PASSWORD}",
    str,
    rf"https?://{_HOST}(/[^?#@\\]*)?",
)
storage = conversion(
    "must be memory:// or an address like redis://:password@redis:6379/0."
    f" {_PASSWORD}",
    _storage,
    rf"memory://|rediss?://{_HOST}(/\d*)?(\?[^#@\\]*)?",
)
number = conversion(
    "is no phone number. Write it with its country code, like +4915100000001.",
    phone.number,
)
pattern = conversion(
    "is no recipient and no pattern of one. Write it like +49* or group.*.",
    _pattern,
    r"(?a)[^*]*|[+\w.*/=-]*",
)
network = conversion(
    "is no network. Write it like 10.0.0.0/8.",
    partial(ipaddress.ip_network, strict=False),
)
limit = conversion("is no limit. Write it like 10 per 5 minutes.", limits.parse)
region = conversion(
    "is no country. Give two letters, like DE.",
    str.upper,
    f"(?i){'|'.join(SUPPORTED_REGIONS)}",
)
# authentik gives up after 30 seconds, its `http_timeout`.
timeout = conversion(
    "must be above 0 and below 30 seconds: authentik waits no longer.",
    float,
    r"(?=.*[1-9])[0-2]?\d(\.\d{1,9})?",
)
positive = conversion("must be a whole number above 0.", int, "[1-9][0-9]{0,9}")
