"""A stand-in for authentik: it applies blueprints and runs expressions as authentik does.

Sources: goauthentik/authentik, authentik/blueprints/v1/{common,importer}.py and
authentik/lib/expression/evaluator.py.
"""

import uuid
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from textwrap import indent
from typing import Any

import yaml

STAGE = "authentik_stages_authenticator_sms.authenticatorsmsstage"
DEVICE = "authentik_stages_authenticator_sms.smsdevice"
VALIDATION = "authentik_stages_authenticator_validate.authenticatorvalidatestage"
MATCHER = "authentik_policies_event_matcher.eventmatcherpolicy"
META = "authentik_blueprints.metaapplyblueprint"
GROUP = "authentik_core.group"
CASCADES = ("target", "stage", "policy")  # what refers to it by these goes with it

Object = dict[str, Any]


class Refused(Exception):
    """The blueprint is not applied at all."""


@dataclass(frozen=True)
class Tag:
    """``!name value``."""

    name: str
    value: Any


class Loader(yaml.SafeLoader):
    """YAML with authentik's tags kept as `Tag`."""


def _tag(loader: Loader, name: str, node: yaml.Node) -> Tag:
    if isinstance(node, yaml.SequenceNode):
        return Tag(name, loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.ScalarNode)
    return Tag(name, loader.construct_scalar(node))


Loader.add_multi_constructor("!", _tag)


@cache
def load(text: str) -> Any:
    """The document, not to be changed."""
    return yaml.load(text, Loader)


@dataclass
class Authentik:
    """``objects`` is the database: attributes, and beside them ``model`` and ``pk``."""

    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)
    applied_first: list[str] = field(default_factory=list)

    def add(self, model: str, **attrs: Any) -> Object:
        self.objects.append({"model": model, "pk": str(uuid.uuid4()), **attrs})
        return self.objects[-1]

    def find(self, model: str, **wanted: Any) -> Object | None:
        return next((o for o in self.objects if self._fits(o, model, wanted)), None)

    def get(self, model: str, **wanted: Any) -> Object:
        found = self.find(model, **wanted)
        assert found, f"there is no {model} with {wanted}"
        return found

    def names(self) -> list[str]:
        return sorted(o.get("name") or o.get("slug") or "-" for o in self.objects)

    def apply(self, text: str) -> None:
        """All or nothing."""
        before = deepcopy(self.objects)
        ids: dict[str, Object] = {}
        try:
            for entry in load(text)["entries"]:
                self._apply(entry, ids)
        except Refused:
            self.objects = before
            raise

    def resolved(self, text: str) -> Any:
        """The document with every tag's value in its place."""
        known = {
            e["id"]: {"pk": str(uuid.uuid4())}
            for e in load(text)["entries"]
            if "id" in e
        }
        return self._value(load(text), known)

    def _fits(self, candidate: Object, model: str, wanted: Mapping[str, Any]) -> bool:
        return candidate["model"] == model and all(
            self._reaches(candidate, key, value) for key, value in wanted.items()
        )

    def _reaches(self, candidate: Object, key: str, value: Any) -> bool:
        name, _, rest = key.partition("__")
        if not rest:
            return bool(candidate.get(name) == value)
        keys = candidate.get(name) or []
        others = [o for o in self.objects if o["pk"] in keys]
        return any(self._reaches(other, rest, value) for other in others)

    def _apply(self, entry: dict[str, Any], ids: dict[str, Object]) -> None:
        if not all(self._value(entry.get("conditions", []), ids)):
            return
        attrs = self._value(entry.get("attrs", {}), ids)
        if entry["model"] == META:
            self._make_own(attrs["identifiers"]["name"])
            return
        identifiers = self._value(entry["identifiers"], ids)
        if entry["model"] == MATCHER and "action" not in attrs:
            raise Refused("KeyError: action")
        found = self.find(entry["model"], **identifiers)
        state = entry.get("state", "present")
        if state == "absent":
            if found:
                self._delete(found)
            return
        if not found:
            found = self.add(entry["model"], **{**identifiers, **attrs})
        elif state == "present":
            found.update(attrs)
        if "id" in entry:
            ids[entry["id"]] = found

    def _make_own(self, name: str) -> None:
        self.applied_first.append(name)
        if name == "Default - Authentication flow":
            self.add(VALIDATION, name="default-authentication-mfa-validation", own=True)
        elif name == "Default - Events Transport & Rules":
            self.add(GROUP, name="authentik Admins")

    def _delete(self, gone: Object) -> None:
        if any(o["model"] == DEVICE and gone["pk"] in o["stage"] for o in self.objects):
            raise Refused("ProtectedError")
        self.objects = [
            o
            for o in self.objects
            if o is not gone and all(o.get(key) != gone["pk"] for key in CASCADES)
        ]
        for left in self.objects:
            left.update(
                {key: None for key, value in left.items() if value == gone["pk"]}
            )

    def _value(self, value: Any, ids: Mapping[str, Object]) -> Any:
        if isinstance(value, dict):
            return {key: self._value(item, ids) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, ids) for item in value]
        return self._of_tag(value, ids) if isinstance(value, Tag) else value

    def _of_tag(self, tag: Tag, ids: Mapping[str, Object]) -> Any:
        if tag.name == "KeyOf":
            if tag.value not in ids:
                raise Refused(f"KeyOf {tag.value}")
            return ids[tag.value]["pk"]
        if tag.name == "Find":
            model, *conditions = tag.value
            return (self.find(model, **dict(conditions)) or {}).get("pk")
        values = self._value(tag.value, ids)
        if tag.name == "Env":
            return self.environ.get(values[0]) or values[1]
        if tag.name == "File":
            return self.files.get(values[0], values[1]).strip()
        if tag.name == "Format":
            return values[0] % tuple(values[1:])
        assert tag.name == "Condition" and values[0] == "NOR", tag
        return not any(values[1:])


def evaluate(expression: str, **names: Any) -> Any:
    """What the expression returns as the body of a function, run as authentik runs it."""
    signature = ",".join(names)
    source = f"def handler({signature}):\n{indent(expression, '    ')}\nresult = handler({signature})"
    local = dict(names)
    exec(compile(source, "<expression>", "exec"), {}, local)
    return local["result"]
