"""The YAML of an authentik blueprint, written by hand: people review it before they apply it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import indent

from app.authentik.expressions import HEADER_FORMAT, header

Nodes = Mapping[str, str]  # the name of an attribute, and its value as YAML


def quoted(text: str) -> str:
    """``text`` as a YAML scalar; it has no control characters."""
    return json.dumps(text, ensure_ascii=False)


def block(text: str) -> str:
    """``text`` with its lines as they are."""
    return "|\n" + indent(text.rstrip("\n"), "  ")


def find(model: str, attribute: str, value: str) -> str:
    """authentik's tag for an object that is there already; it finds nothing in silence."""
    return f"!Find [{model}, [{attribute}, {quoted(value)}]]"


@dataclass(frozen=True)
class Secret:
    """A token: ``name`` is the variable or the file that holds it in authentik, or the token itself."""

    kind: str  # "env", "file" or "text"
    name: str = field(repr=False)

    def node(self) -> str:
        """The token as YAML. If it is not found, that shows in the object that needs it."""
        if self.kind == "text":
            return quoted(self.name)
        if self.kind == "env":
            missing = f"CHANGE-ME: set {self.name} in authentik's server and worker"
            return f"!Env [{quoted(self.name)}, {quoted(missing)}]"
        missing = f"CHANGE-ME: put {self.name} into authentik's server and worker"
        return f"!File [{quoted(self.name)}, {quoted(missing)}]"

    def header_node(self) -> str:
        """The expression of a header mapping, as YAML."""
        if self.kind == "text":
            return block(header(self.name))
        return f"!Format\n  - '{HEADER_FORMAT}'\n  - {self.node()}"


@dataclass(frozen=True)
class Entry:
    """One object of the blueprint. ``identifiers`` find it again, so they never change."""

    model: str
    identifiers: Nodes = field(default_factory=dict)
    attrs: Nodes = field(default_factory=dict)
    id: str = ""
    state: str = ""
    conditions: str = ""
    comment: str = ""

    def absent(self, conditions: str = "", comment: str = "") -> "Entry":
        """The same object, taken away. A matcher cannot be looked up without its action."""
        kept = {name: self.attrs[name] for name in ("action",) if name in self.attrs}
        return Entry(
            self.model, self.identifiers, kept, "", "absent", conditions, comment
        )

    def __str__(self) -> str:
        nodes = {
            "model": self.model,
            "id": self.id,
            "state": self.state,
            "conditions": self.conditions,
            "identifiers": _nested(self.identifiers),
            "attrs": _nested(self.attrs),
        }
        body = indent(_lines((n, v) for n, v in nodes.items() if v), "  ")
        comment = _commented(self.comment) + "\n" if self.comment else ""
        return f"{comment}- {body.lstrip()}"


def _nested(nodes: Nodes) -> str:
    return "\n" + indent(_lines(nodes.items()), "  ") if nodes else ""


def _lines(nodes: Iterable[tuple[str, str]]) -> str:
    return "\n".join(
        f"{name}:{value}" if value.startswith("\n") else f"{name}: {value}"
        for name, value in nodes
    )


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def document(heading: str, name: str, description: str, entries: list[Entry]) -> str:
    """The whole file."""
    listed = "\n\n".join(indent(str(entry), "  ") for entry in entries)
    return (
        f"{_commented(heading)}\n"
        "version: 1\n"
        "metadata:\n"
        f"  name: {name}\n"
        "  labels:\n"
        f"    blueprints.goauthentik.io/description: {description}\n"
        "entries:\n"
        f"{listed}\n"
    )


def webhook_mapping(name: str, expression: str) -> Entry:
    """A webhook mapping; its ``id`` is its name. ``expression`` is YAML."""
    return Entry(
        "authentik_events.notificationwebhookmapping",
        {"name": name},
        {"expression": expression},
        id=name,
    )


def apply_first(name: str, makes: str) -> Entry:
    """One of authentik's own blueprints, unless what it ``makes`` (a tag to find it) is there already.

    Files are applied in no order. Never without need: it would undo changes of an administrator.
    """
    return Entry(
        "authentik_blueprints.metaapplyblueprint",
        attrs={"identifiers": f"{{name: {quoted(name)}}}", "required": "false"},
        conditions=none_of(makes),
        comment="Only for a new authentik, which has not made its own objects yet.",
    )


def none_of(*found: str) -> str:
    """The condition that none of these tags finds anything."""
    listed = "".join(f"\n    - {tag}" for tag in found)
    return f"\n  - !Condition\n    - NOR{listed}"
