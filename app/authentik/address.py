"""The gateway's address: one that authentik takes, and where its POST arrives as a POST."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

PATH = "/v2/send"
EXAMPLE = "https://gateway.example.com"
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_LOCAL_ENDINGS = (".local", ".internal", ".lan", ".home.arpa", ".test", ".localhost")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def read(text: str) -> str:
    """``text`` with the path to post to; `ValueError` tells what authentik could not use."""
    parts = _parts(text)
    if parts.username is not None:
        raise ValueError(
            "has a user name in it. Leave it out: the token has its own option."
        )
    if parts.query or parts.fragment:
        raise ValueError("has a ? or # in it. Leave that out.")
    _check_host(parts.hostname or "")
    path = parts.path.rstrip("/")
    if f"{PATH}/" in path:
        raise ValueError(
            f"names a template, but codes and alerts each have their own. End it with {PATH}."
        )
    return parts._replace(path=path.removesuffix(PATH) + PATH).geturl()


def _parts(text: str) -> SplitResult:
    wrong = ValueError(f"is no address. Write it like {EXAMPLE}.")
    if not text.isascii() or not text.isprintable() or set(text) & set(' "<>\\'):
        raise wrong
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in ("http", "https") or not has_host:
        raise wrong
    return parts


def _check_host(host: str) -> None:
    if "_" in host:
        raise ValueError(
            f"has an underscore in the host '{host}', which authentik refuses. Give the gateway a second"
            " name with a hyphen."
        )
    if not _address(host) and not all(map(_LABEL.fullmatch, host.split("."))):
        raise ValueError(f"has '{host}' for a host, which is no name of one.")


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def doubts(url: str) -> list[str]:
    """What is allowed and yet likely to be a mistake, a sentence each."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = _address(host)
    if host == "localhost" or (address and address.is_loopback):
        return [
            f"For authentik in a container, {host} is that container itself. Give the name under which"
            " it reaches the gateway."
        ]
    if parts.scheme == "http" and _is_public(host, address):
        return [
            f"On the way to {host} tokens and codes can be read, and a redirect to https:// would turn"
            " authentik's POST into a GET, so that no code is sent. Give the https:// address."
        ]
    return []


def _is_public(host: str, address: Address | None) -> bool:
    if address:
        return address.is_global
    return "." in host and not host.endswith(_LOCAL_ENDINGS)
