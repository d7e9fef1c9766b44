"""Who is calling, from where, and what that client may send.

The caller is told no more than that something is not allowed; the log names the rule.
"""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from limits import RateLimitItem

from app.environment import Network
from app.errors import GatewayError, bad_request
from app.payloads import SendRequest
from app.settings import ApiToken
from app.signal.outcome import Message

# Signal's options that cannot change what a template says; attachments have their own rule.
BESIDE_A_TEMPLATE = {"notify_self", "view_once", "base64_attachments"}
# A right token in a header that is not: the field's name of many a sender misleads.
NEARLY = (
    "the token is right, but the header must be 'Authorization: Bearer TOKEN': no 'Token', no"
    " colon, no second 'Bearer' and no client's name before it"
)


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
        templates = (template,) if self.templates is None else ("", *self.templates)
        patterns = ("*",) if self.recipients is None else self.recipients
        allowed = {
            "passthrough": self.may_pass_through or not is_own,
            "templates": template in templates,
            "attachments": self.attachments or not wanted.options.attachments,
            "recipients": all(any(fnmatchcase(t, p) for p in patterns) for t in to),
        }
        for rule, is_allowed in allowed.items():
            if not is_allowed:
                raise _forbidden(rule)

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

    Raises ``unauthorized``, with what an administrator most likely did wrong for the log.
    """
    header = authorization or ""
    if client := _client_of(credential(header), tokens):
        return client
    detail = "the token is none of those in API_TOKENS"
    if not header:
        detail = "the request has no Authorization header"
    elif _client_of(re.split(r"[\s:]", header.strip())[-1], tokens):
        detail = NEARLY
    raise GatewayError("unauthorized", detail=detail)


def check_text(message: Message, authorization: str) -> None:
    """Raises ``bad_request`` for a text that holds the caller's own token, as it is or encoded."""
    said = f"{message.content.text} {message.options}"
    if credential(authorization) in said or authorization.split()[-1] in said:
        raise bad_request("its text would tell the sender's own token to the recipient")


def _client_of(token: str, tokens: Sequence[ApiToken]) -> str:
    """Compares every token, in constant time."""
    digest = hashlib.sha256(token.encode(errors="replace")).digest()
    known = [t.client for t in tokens if hmac.compare_digest(t.digest, digest)]
    return known[0] if known else ""


def credential(authorization: str) -> str:
    """The token in Bearer; in Basic the password, or the user name where that is empty."""
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except ValueError:
        return ""
    user, _, password = decoded.decode("latin-1").partition(":")
    return (password or user).strip()


def caller_address(
    remote: str | None, forwarded: str | None, trusted: Sequence[Network]
) -> str:
    """The address that a request comes from, as far as the ``trusted`` proxies say.

    ``forwarded`` is ``X-Forwarded-For``: each proxy adds the address that called it at the end.
    """
    caller = "0.0.0.0"
    for hop in reversed([*(forwarded or "").split(","), remote or ""]):
        try:
            address = ipaddress.ip_address(hop.strip())
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
    return str(ipaddress.ip_network(f"{address}/64", strict=False))
