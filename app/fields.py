"""``str.format`` over a payload's fields, where a value can be nothing but data.

Look-ups go through mappings and lists only, never to an attribute of a Python object. A value
cannot bring in a line break (unless the field says ``{name:text}``), nor a control, invisible
or direction-changing character.
"""

import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from app.errors import GatewayError

T = TypeVar("T")
Fields = Mapping[str, Any]

DEEPEST = 8  # levels of a nested value that are written out
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[^.!\[\]]+|\[[^\[\]]+\])*")
_STEP = re.compile(r"(?<=\[)[^\[\]]+|[^.\[\]]+")
_SPEC = re.compile(
    r"(text|lines|json)?|(.?[<>=^])?[-+ ]?#?0?\d{0,4}[,_]?(\.\d{1,4})?[bdeEfFgGosxX%]?"
)
# Unicode's Default_Ignorable_Code_Point and Bidi_Control except joiners and variation selectors,
# which scripts and emoji need; then control characters except white space; then lone surrogates.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROL = "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"
# A flag of a region, as England's, is followed by tags that are hidden anywhere else.
_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f"
_DROPPED = re.compile(f"({_FLAG})|[{_HIDDEN}{_CONTROL}\ud800-\udfff]")
_JOINERS = re.compile("[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f]")


@dataclass(frozen=True)
class Field:
    """``{name[steps]:spec}`` of a template."""

    name: str
    steps: tuple[str, ...]
    spec: str


Part = str | Field


def compile_format(source: str) -> tuple[Part, ...]:
    """The literal texts and fields of a ``str.format`` text. `ValueError` says what is wrong."""
    try:
        parsed = list(string.Formatter().parse(source))
    except ValueError as error:
        write = "For the brace itself write '{{' or '}}'"
        raise ValueError(f"a brace has no partner. {write}") from error
    parts: list[Part] = []
    for literal, name, spec, conversion in parsed:
        parts += [literal] if literal else []
        if name is None:
            continue
        name += f"!{conversion}" if conversion else ""
        if not _NAME.fullmatch(name):
            forms = "{name}, {name.key}, {name[0]} or {name:text}"
            raise ValueError(f"'{{{name}}}' is no field. Write {forms}")
        if not _SPEC.fullmatch(spec or ""):
            forms = ":text, :lines, :json or one of Python's str.format"
            raise ValueError(f"':{spec}' is no format. Write {forms}")
        parts.append(Field(name, tuple(_STEP.findall(name)), spec or ""))
    return tuple(parts)


def fill(
    parts: Iterable[T | Field], fields: Fields, defaults: Fields
) -> Iterator[T | str]:
    """The parts, each field as the text of its value; raises ``missing_field``."""
    for part in parts:
        if not isinstance(part, Field):
            yield part
            continue
        value = look_up(fields, part.steps)
        value = defaults.get(part.name) if value is None else value
        if value is None:
            raise GatewayError("missing_field", field=part.name)
        yield _written(value, part.spec)


def look_up(value: Any, steps: Iterable[str]) -> Any:
    """What ``steps`` lead to through mappings and lists; ``None`` where they lead nowhere."""
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and re.fullmatch("[0-9]{1,6}", step):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list of untrusted JSON; none of anything else."""
    listed = value if isinstance(value, list) else []
    return [entry for entry in listed if isinstance(entry, dict)]


def _written(value: Any, spec: str) -> str:
    if spec == "text":
        return clean(readable(value), keep_lines=True)
    if spec == "lines":
        return "\n".join(map(clean, _entries(value, 0)))
    text = clean(readable(value))
    try:
        if spec == "json":
            return clean(json.dumps(value, ensure_ascii=False))
        return format(value if spec and type(value) in (int, float) else text, spec)
    except (ValueError, OverflowError, RecursionError):
        return text


def readable(value: Any, depth: int = 0) -> str:
    """``value`` for people: ``title: value, title: value`` for a mapping, commas in a list."""
    return ", ".join(_entries(value, depth))


def _entries(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (Mapping, list)):
        return [json.dumps(value)]
    if depth == DEEPEST:
        return ["…"]
    if isinstance(value, list):
        return [readable(item, depth + 1) for item in value]
    return [f"{key}: {readable(item, depth + 1)}" for key, item in value.items()]


def is_blank(text: str) -> bool:
    """Whether nothing of ``text`` would be seen."""
    return not _JOINERS.sub("", clean(text)).strip()


def clean(text: str, keep_lines: bool = False) -> str:
    """``text`` on one line, without characters that nobody sees or that reorder what people see.

    With ``keep_lines`` its own line breaks stay.
    """
    visible = _DROPPED.sub(lambda match: match[1] or "", text)
    if not keep_lines:
        return " ".join(visible.split())
    lines = [line.replace("\t", " ").rstrip() for line in visible.splitlines()]
    return "\n".join(lines).strip("\n")
