"""Who is calling, and what may that client send."""

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
from app.settings import ApiToken


@dataclass(frozen=True)
class Client:
    """A caller's rights, from ``clients`` in ``templates.yaml``; ``None`` stands for no restriction."""

    name: str
    templates: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = field(default=(), repr=False)
    recipients: tuple[str, ...] | None = field(default=None, repr=False)
    networks: tuple[Network, ...] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)


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


def sender(
    client: Client, requested: str | None, default: str | None, preview: bool
) -> str:
    """The number to send from: the client's, or SIGNAL_NUMBER where it has none of its own."""
    allowed = client.numbers or ((default,) if default else ())
    if preview and not allowed:
        return requested or "the default number"
    if not allowed:
        raise GatewayError("no_sender")
    if requested and requested not in allowed:
        detail = "the client may not use this number as sender"
        raise GatewayError("forbidden", detail=detail)
    return requested or allowed[0]


def check(client: Client, template: str | None, recipients: Sequence[str]) -> None:
    """Raises ``forbidden`` for a template or a recipient that the client may not use."""
    if client.templates is not None and template not in client.templates:
        raise GatewayError(
            "forbidden",
            detail="clients.templates does not allow this template, or none",
        )
    if client.recipients is None:
        return
    for recipient in recipients:
        if not any(fnmatchcase(recipient, pattern) for pattern in client.recipients):
            raise GatewayError(
                "forbidden", detail="clients.recipients does not allow this recipient"
            )
