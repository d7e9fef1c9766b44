"""``clients`` in ``templates.yaml``: what each client may do."""

import ipaddress
import re
from collections.abc import Collection

from limits import parse
from yaml.nodes import Node

from app import phone
from app.clients import Client
from app.document import Document
from app.environment import Network

CLIENT_KEYS = (
    "templates",
    "number",
    "recipients",
    "networks",
    "limits",
    "passthrough",
    "attachments",
)
LIMIT_KEYS = ("recipient", "client")

_PATTERN = re.compile(r"[+A-Za-z0-9_.*/=-]+")


def read_clients(
    document: Document,
    node: Node | None,
    templates: Collection[str],
    names: Collection[str] | None,
) -> dict[str, Client]:
    """The clients by name. ``names`` are those that have a token, ``None`` if that does not matter."""
    found = {}
    for name, key_node, value in document.entries(node, "clients"):
        if names is not None and name not in names:
            document.problem(
                key_node,
                f"no token in API_TOKENS is named '{name}'. Add one there as {name}:<token>, or take this"
                " entry out.",
            )
        found[name] = _client(document, name, value, templates)
    return found


def _client(
    document: Document, name: str, node: Node, templates: Collection[str]
) -> Client:
    def template(text: str) -> str:
        if text not in templates:
            raise ValueError(f"there is no template '{text}'.")
        return text

    parts = {
        key: value
        for key, _, value in document.entries(node, f"client '{name}'", CLIENT_KEYS)
    }
    return Client(
        name=name,
        templates=document.converted(parts.get("templates"), template),
        numbers=document.converted(parts.get("number"), _number) or (),
        recipients=document.converted(parts.get("recipients"), _pattern),
        networks=document.converted(parts.get("networks"), _network),
        limits=_limits(document, parts.get("limits")),
        passthrough=document.flag(parts.get("passthrough")),
        attachments=document.flag(parts.get("attachments")) or False,
    )


def _number(text: str) -> str:
    try:
        return phone.e164(text)
    except ValueError as error:
        raise ValueError(
            "this is no phone number. Write it with its country code, like +4915100000001."
        ) from error


def _pattern(text: str) -> str:
    if not _PATTERN.fullmatch(text):
        raise ValueError(
            "this is no recipient and no pattern of one. Write it like +49* or group.*."
        )
    return text if text[:1] in "+*" or text.startswith("group.") else text.lower()


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError("this is no network. Write it like 10.0.0.0/8.") from error


def _limits(document: Document, node: Node | None) -> dict[str, str]:
    found = {}
    for key, _, value in document.entries(node, "limits", LIMIT_KEYS):
        text = document.text(value)
        try:
            if text is not None:
                parse(text)
                found[key] = text
        except ValueError:
            document.problem(value, "this is no limit. Write it like 10 per 5 minutes.")
    return found
