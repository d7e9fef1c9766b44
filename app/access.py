"""Who is calling, from where, and what that client may send.

The caller is told no more than that something is not allowed; the log names the rule.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from app.environment import Network
from app.errors import GatewayError
from app.payloads import SendRequest
from app.settings import ApiToken

LONGEST_ADDRESS = 64  # characters
IPV6_PREFIX = 64  # bits that all addresses of one caller share
# Signal's options that cannot change what a template says; attachments have their own rule.
BESIDE_A_TEMPLATE = {"notify_self", "view_once", "base64_attachments"}


@dataclass(frozen=True)
class Client:
    """A caller's rights, from ``clients`` in ``templates.yaml``; ``None`` is no restriction.

    ``passthrough`` is whether it may send texts of its own, and quotes, edits and the like,
    which can hold one; by default only without ``templates``.
    """

    name: str
    templates: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = field(default=(), repr=False)
    recipients: tuple[str, ...] | None = field(default=None, repr=False)
    networks: tuple[Network, ...] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    passthrough: bool | None = None
    attachments: bool = False

    def check_network(self, address: str) -> None:
        """Raises ``forbidden`` for a client that calls from elsewhere."""
        own = ipaddress.ip_address(address)
        if self.networks is not None and not any(own in net for net in self.networks):
            raise _forbidden("networks")

    def check(
        self, template: str | None, wanted: SendRequest, to: Sequence[str]
    ) -> None:
        """Raises ``forbidden`` for a template, text, attachment or recipient not allowed."""
        may_pass = (
            self.templates is None if self.passthrough is None else self.passthrough
        )
        is_own = template is None or set(wanted.options.values) - BESIDE_A_TEMPLATE
        if is_own and not may_pass:
            raise _forbidden("passthrough")
        if template and self.templates is not None and template not in self.templates:
            raise _forbidden("templates")
        if "base64_attachments" in wanted.options.values and not self.attachments:
            raise _forbidden("attachments")
        if self.recipients is not None and not all(map(self._may_reach, to)):
            raise _forbidden("recipients")

    def _may_reach(self, recipient: str) -> bool:
        patterns = self.recipients or ()
        return any(fnmatchcase(recipient, pattern) for pattern in patterns)

    def sender(self, requested: str | None, default: str | None) -> str:
        """The number to send from; the client's own go before ``default``."""
        allowed = self.numbers or ((default,) if default else ())
        if not allowed:
            raise GatewayError("no_sender")
        if requested and requested not in allowed:
            raise _forbidden("number")
        return requested or allowed[0]


def _forbidden(rule: str) -> GatewayError:
    return GatewayError("forbidden", detail=f"the client's rule '{rule}' refuses this")


def identify(authorization: str | None, tokens: Sequence[ApiToken]) -> str:
    """The name of the client that an ``Authorization`` header proves.

    Raises ``unauthorized``. Every token is compared in constant time.
    """
    digest = hashlib.sha256(_token(authorization or "")).digest()
    matches = [
        token.client for token in tokens if hmac.compare_digest(token.digest, digest)
    ]
    if not matches:
        raise GatewayError("unauthorized", detail=_hint(authorization))
    return matches[0]


def _token(authorization: str) -> bytes:
    """The token in Bearer; in Basic the password, or the user name where that is empty."""
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip().encode("latin-1", "replace")
    if scheme.lower() != "basic":
        return b""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
    user, _, password = decoded.partition(b":")
    return (password or user).strip()


def _hint(authorization: str | None) -> str:
    """For the log: what an administrator most likely did wrong."""
    if not authorization:
        return "the request has no Authorization header"
    if authorization.lower().startswith("bearer bearer "):
        return "the sender's token field begins with 'Bearer', which the sender adds itself"
    return "the token is none of those in API_TOKENS"


def caller_address(
    remote: str | None, forwarded: str | None, trusted: Sequence[Network]
) -> str:
    """The address that a request comes from, as far as the ``trusted`` proxies say.

    ``forwarded`` is ``X-Forwarded-For``: each proxy adds the address that called it at the end.
    """
    caller = "0.0.0.0"
    for hop in reversed([*(forwarded or "").split(","), remote or ""]):
        try:
            address = ipaddress.ip_address(hop.strip()[:LONGEST_ADDRESS])
        except ValueError:
            break
        address = getattr(address, "ipv4_mapped", None) or address
        caller = str(address)
        if not any(address in network for network in trusted):
            break
    return caller


def check_local(address: str) -> None:
    """Raises ``forbidden`` for a caller elsewhere: a preview shows codes on a terminal."""
    if not ipaddress.ip_address(address).is_loopback:
        raise GatewayError("forbidden", detail="a preview serves only its own machine")


def caller_group(address: str) -> str:
    """Whom failures are counted for: the address, in IPv6 the network of one caller."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX}", strict=False))
