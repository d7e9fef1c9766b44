"""What a client may send, and from where: its rights, and their refusal in one sentence.

The caller is told no more than that it is not allowed; the log names the rule.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from app.environment import Network
from app.errors import GatewayError
from app.payloads import SendRequest

# Signal's options that cannot change what a template says; attachments have a rule of their own.
BESIDE_A_TEMPLATE = {"notify_self", "view_once", "base64_attachments"}


@dataclass(frozen=True)
class Client:
    """A caller's rights, from ``clients`` in ``templates.yaml``; ``None`` stands for no restriction.

    ``passthrough`` is whether it may send texts of its own, and quotes, edits and the like, which can
    hold one; by default only without ``templates``.
    """

    name: str
    templates: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = field(default=(), repr=False)
    recipients: tuple[str, ...] | None = field(default=None, repr=False)
    networks: tuple[Network, ...] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    passthrough: bool | None = None
    attachments: bool = False

    @property
    def may_pass_through(self) -> bool:
        return self.templates is None if self.passthrough is None else self.passthrough


def check_network(client: Client, address: str) -> None:
    """Raises ``forbidden`` for a client that calls from elsewhere."""
    if client.networks is None:
        return
    if not any(ipaddress.ip_address(address) in network for network in client.networks):
        raise _forbidden("networks")


def check(
    client: Client, template: str | None, request: SendRequest, to: Sequence[str]
) -> None:
    """Raises ``forbidden`` for a template, a text, an attachment or a recipient not allowed."""
    is_own = template is None or set(request.options.values) - BESIDE_A_TEMPLATE
    if is_own and not client.may_pass_through:
        raise _forbidden("passthrough")
    if template and client.templates is not None and template not in client.templates:
        raise _forbidden("templates")
    if "base64_attachments" in request.options.values and not client.attachments:
        raise _forbidden("attachments")
    patterns = client.recipients
    if patterns is not None and not all(_is_allowed(name, patterns) for name in to):
        raise _forbidden("recipients")


def _is_allowed(recipient: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(recipient, pattern) for pattern in patterns)


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
        raise _forbidden("number")
    return requested or allowed[0]


def _forbidden(rule: str) -> GatewayError:
    return GatewayError("forbidden", detail=f"the client's rule '{rule}' refuses this")
