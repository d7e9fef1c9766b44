"""Who is calling, from where, and what that client may send.

The caller is told no more than that something is not allowed; the log names the rule.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from limits import RateLimitItem

from app.environment import Network
from app.errors import GatewayError
from app.payloads import SendRequest
from app.settings import ApiToken
from app.signal.outcome import Message

LONGEST_ADDRESS = 64  # characters
IPV6_PREFIX = 64  # bits that all addresses of one caller share
# Signal's options that cannot change what a template says; attachments have their own rule.
BESIDE_A_TEMPLATE = {"notify_self", "view_once", "base64_attachments"}


@dataclass(frozen=True)
class Client:
    """A caller's rights, from ``clients`` in ``templates.yaml``; ``None`` is no restriction.

    ``passthrough`` is whether it may send texts of its own, and quotes, edits and the like,
    which can hold one; by default only without ``templates``. ``styled`` is how its own texts
    are read where they do not say.
    """

    name: str
    templates: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = field(default=(), repr=False)
    recipients: tuple[str, ...] | None = field(default=None, repr=False)
    networks: tuple[Network, ...] | None = None
    limits: Mapping[str, RateLimitItem] = field(default_factory=dict)
    passthrough: bool | None = None
    attachments: bool = False
    styled: bool = False

    @property
    def may_pass_through(self) -> bool:
        return self.templates is None if self.passthrough is None else self.passthrough

    def check_network(self, address: str) -> None:
        """Raises ``forbidden`` for a client that calls from elsewhere."""
        own = ipaddress.ip_address(address)
        if self.networks is not None and not any(own in net for net in self.networks):
            raise _forbidden("networks")

    def check(self, template: str, wanted: SendRequest, to: Iterable[str]) -> None:
        """Raises ``forbidden`` for a template, text, attachment or recipient not allowed.

        ``template`` is empty for a text of the client's own.
        """
        is_own = not template or set(wanted.options.values) - BESIDE_A_TEMPLATE
        if is_own and not self.may_pass_through:
            raise _forbidden("passthrough")
        if template and self.templates is not None and template not in self.templates:
            raise _forbidden("templates")
        if wanted.options.attachments and not self.attachments:
            raise _forbidden("attachments")
        patterns = ("*",) if self.recipients is None else self.recipients
        if not all(any(fnmatchcase(name, rule) for rule in patterns) for name in to):
            raise _forbidden("recipients")

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
    client = _client_of(credential(authorization or ""), tokens)
    if not client:
        raise GatewayError("unauthorized", detail=_hint(authorization, tokens))
    return client


def check_text(message: Message, authorization: str) -> None:
    """Raises ``bad_request`` for a text that holds the caller's own token, as it is or encoded."""
    token = credential(authorization).decode(errors="replace")
    said = f"{message.content.text} {message.options}"
    if token in said or authorization.split()[-1] in said:
        hint = "its text would tell the sender's own token to the recipient"
        raise GatewayError("bad_request", hint=hint)


def _client_of(token: bytes, tokens: Sequence[ApiToken]) -> str:
    digest = hashlib.sha256(token).digest()
    known = [t.client for t in tokens if hmac.compare_digest(t.digest, digest)]
    return known[0] if known else ""


def credential(authorization: str) -> bytes:
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


# What senders make of a right token, and what to do.
_NEARLY = (
    (r"bearer +bearer +(\S+)", "begins with 'Bearer', which the sender adds itself"),
    (r"bearer: *(\S+)", "has a colon after 'Bearer': leave it out"),
    (r"token:? +(\S+)", "begins with 'Token': write 'Bearer'"),
    (
        r"(?:bearer +)?[\w.-]+:(\S+)",
        "has the client's name before the token: leave it out",
    ),
    (r"(\S+)", "is the token alone: write 'Bearer' and a blank before it"),
)


def _hint(authorization: str | None, tokens: Sequence[ApiToken]) -> str:
    """For the log: what an administrator most likely did wrong."""
    if not authorization:
        return "the request has no Authorization header"
    for form, advice in _NEARLY:
        near = re.fullmatch(form, authorization.strip(), re.IGNORECASE)
        if near and _client_of(near[1].encode("latin-1", "replace"), tokens):
            return f"the Authorization header {advice}"
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
