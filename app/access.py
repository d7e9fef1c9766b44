"""Who is calling, and from which address."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from app.environment import Network
from app.errors import GatewayError
from app.settings import ApiToken

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST_ADDRESS = 64  # characters of a text that can be one
IPV6_PREFIX = 64  # of one caller: whoever has one address there has them all


def identify(authorization: str | None, tokens: Sequence[ApiToken]) -> str:
    """The name of the client that an ``Authorization`` header proves; ``unauthorized`` otherwise.

    Every token is compared, in constant time, so that the time taken tells nothing.
    """
    digest = hashlib.sha256(_token(authorization or "")).digest()
    matches = [
        token.client for token in tokens if hmac.compare_digest(token.digest, digest)
    ]
    if not matches:
        raise GatewayError("unauthorized", detail=_hint(authorization))
    return matches[0]


def _token(authorization: str) -> bytes:
    """The token in Bearer, or in Basic: the password, or the user name where the password is empty."""
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip().encode("latin-1", "replace")
    if scheme.lower() != "basic":
        return b""
    try:
        user, _, password = base64.b64decode(
            credentials.strip(), validate=True
        ).partition(b":")
    except (binascii.Error, ValueError):
        return b""
    return (password or user).strip()


def _hint(authorization: str | None) -> str:
    """For the log: what an administrator most likely did wrong."""
    if not authorization:
        return "the request has no Authorization header"
    if authorization.lower().startswith("bearer bearer "):
        return "the sender's token field begins with 'Bearer', which the sender adds by itself"
    return "the token is none of those in API_TOKENS"


def check_local(address: str | None) -> None:
    """Raises ``forbidden`` for a caller elsewhere: a preview shows codes on a terminal."""
    if not address or not ipaddress.ip_address(address).is_loopback:
        raise GatewayError("forbidden", detail="a preview serves its own machine alone")


def caller_address(
    remote: str | None, forwarded: str | None, trusted: Sequence[Network]
) -> str:
    """The address that a request comes from, as far as those in ``trusted`` vouch for it.

    ``forwarded`` is ``X-Forwarded-For``: each proxy adds the address it was called from at the end.
    """
    hops = [*(forwarded or "").split(","), remote or ""]
    found = "0.0.0.0"
    for hop in reversed(hops):
        address = _address(hop)
        if address is None:
            break
        found = str(address)
        if not any(address in network for network in trusted):
            break
    return found


def _address(text: str) -> Address | None:
    return _parsed(text.strip()) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(maxsize=1024)  # the same few proxies call all the time
def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def caller_group(address: str) -> str:
    """Whom failures are counted for: the address, of IPv6 the network that one caller has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX}", strict=False))
