"""A stand-in for authentik: it applies blueprints and runs expressions as authentik does.

Sources: goauthentik/authentik, authentik/blueprints/v1/{common,importer}.py and
authentik/lib/expression/evaluator.py.
"""

import re
import uuid
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

import yaml

MAPPING = "authentik_events.notificationwebhookmapping"
TRANSPORT = "authentik_events.notificationtransport"
RULE = "authentik_events.notificationrule"
BINDING = "authentik_policies.policybinding"
EXPRESSION_POLICY = "authentik_policies_expression.expressionpolicy"
MATCHER = "authentik_policies_event_matcher.eventmatcherpolicy"
FLOW = "authentik_flows.flow"
FLOW_BINDING = "authentik_flows.flowstagebinding"
STAGE = "authentik_stages_authenticator_sms.authenticatorsmsstage"
DEVICE = "authentik_stages_authenticator_sms.smsdevice"
VALIDATION = "authentik_stages_authenticator_validate.authenticatorvalidatestage"
META = "authentik_blueprints.metaapplyblueprint"
GROUP = "authentik_core.group"
CASCADES = ("target", "stage", "policy")  # what refers to it by these goes with it
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/\S*)?")  # no _ in the host

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


def load(text: str) -> Any:
    return yaml.load(text, Loader)


@dataclass
class Authentik:
    """``objects`` is the database: attributes, and beside them ``model`` and ``pk``."""

    environ: Mapping[str, str] = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)

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

    def apply(self, text: str) -> list[Any]:
        """All or nothing; the entries come back with the values of their tags."""
        before = deepcopy(self.objects)
        ids: dict[str, Object] = {}
        try:
            return [self._apply(entry, ids) for entry in load(text)["entries"]]
        except Refused:
            self.objects = before
            raise

    def _fits(self, candidate: Object, model: str, wanted: Mapping[str, Any]) -> bool:
        return candidate["model"] == model and all(
            self._reaches(candidate, key, value) for key, value in wanted.items()
        )

    def _reaches(self, candidate: Object, key: str, value: Any) -> bool:
        name, _, rest = key.partition("__")
        keys = candidate.get(name) or []
        if not rest:
            return bool(candidate.get(name) == value)
        others = [o for o in self.objects if o["pk"] in keys]
        return any(self._reaches(other, rest, value) for other in others)

    def _apply(self, entry: Object, ids: dict[str, Object]) -> Any:
        entry = self._value(entry, ids)
        if all(entry.get("conditions", [])):
            attrs = entry.get("attrs", {})
            if entry["model"] == META:
                self._make_own(attrs["identifiers"]["name"])
            elif entry["model"] == MATCHER and "action" not in attrs:
                raise Refused("KeyError: action")
            elif not URL.fullmatch(attrs.get("webhook_url", "http://-")):
                raise Refused("webhook_url")
            else:
                self._reconcile(entry, attrs, ids)
        return entry

    def _reconcile(self, entry: Object, attrs: Object, ids: dict[str, Object]) -> None:
        found = self.find(entry["model"], **entry["identifiers"])
        state = entry.get("state", "present")
        if state == "absent":
            if found:
                self._delete(found)
            return
        if not found:
            found = self.add(entry["model"], **entry["identifiers"], **attrs)
        elif state == "present":
            found.update(attrs)
        ids[entry.get("id", "")] = found

    def _make_own(self, name: str) -> None:
        if name == "Default - Authentication flow":
            self.add(VALIDATION, name="default-authentication-mfa-validation", own=True)
        elif name == "Default - Events Transport & Rules":
            self.add(GROUP, name="authentik Admins")

    def _delete(self, gone: Object) -> None:
        if any(o["model"] == DEVICE and gone["pk"] in o["stage"] for o in self.objects):
            raise Refused("ProtectedError")
        self.objects = [
            {key: None if value == gone["pk"] else value for key, value in o.items()}
            for o in self.objects
            if o is not gone and all(o.get(key) != gone["pk"] for key in CASCADES)
        ]

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
        if tag.name == "Env":  # a tag as its default would stay one
            listed = tag.value if isinstance(tag.value, list) else [tag.value, None]
            return self.environ.get(listed[0]) or listed[1]
        values = self._value(tag.value, ids)
        if tag.name == "If":
            return values[1] if values[0] else values[2]
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
