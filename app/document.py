"""Reading a YAML file by its nodes, so that every mistake in it is told with its line.

What a person meant as text is taken as text or refused, never guessed.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")

_ENV = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}")
_HINT = (
    "Indent with blanks, not tabs. A text that begins with '{' or has ': ' in it must"
    " stand in quotes."
)
_NUMBER = "YAML reads this as a number. Put it in quotes."
_NOT_TEXT = {
    "bool": "YAML reads '{value}' as true or false. Put it in quotes.",
    "int": _NUMBER,
    "float": _NUMBER,
    "timestamp": "YAML reads this as a date. Put it in quotes.",
    "null": "there is no value. Write one, or take the line out.",
}
_NO_TEXT = "a text is expected here. If it begins with '{{' or '[', put it in quotes."


class Document:
    """A file being read: it turns nodes into values and notes what is wrong, and where.

    Where a node may be missing, so may its value.
    """

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._found: set[tuple[int, str]] = set()

    @property
    def problems(self) -> list[str]:
        """A sentence for each mistake found so far, in the order of their lines."""
        return [f"{self._path}, line {n}: {text}" for n, text in sorted(self._found)]

    def load(self) -> Node | None:
        """The root of the file; ``None`` if it is empty or cannot be read."""
        try:
            text = self._path.read_text(encoding="utf-8")
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", "it is not UTF-8")
            advice = "TEMPLATES_FILE says where it is."
            self._found.add((1, f"the file cannot be read: {reason}. {advice}"))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", "it holds a character that YAML forbids")
            line = mark.line + 1 if mark else 1
            self._found.add((line, f"this is not YAML: {reason}. {_HINT}"))
        return None

    def problem(self, node: Node, sentence: str, lines_below: int = 0) -> None:
        self._found.add((node.start_mark.line + 1 + lines_below, sentence))

    def mapping(
        self,
        node: Node | None,
        read_key: Callable[[str], str],
        read: Callable[[str, Node], T | None],
    ) -> dict[str, T]:
        """A mapping with its keys and values converted, without those that have no value."""
        found: dict[str, T | None] = {}
        if node is not None and not isinstance(node, MappingNode):
            self.problem(node, "this must be a mapping, like 'name: value'.")
        for key_node, value in node.value if isinstance(node, MappingNode) else []:
            written = str(key_node.value)
            key = self.read(key_node, read_key, f"'{written}'") or written
            if key in found:
                self.problem(key_node, f"'{written}' is there a second time.")
            else:
                found[key] = read(key, value)
        return {key: value for key, value in found.items() if value is not None}

    def several(
        self, node: Node | None, convert: Callable[[str], T]
    ) -> tuple[T, ...] | None:
        """One text or a list of them, each converted and each value once."""
        if node is None:
            return None
        items = node.value if isinstance(node, SequenceNode) else [node]
        values = [self.read(item, convert) for item in items]
        return tuple(dict.fromkeys(value for value in values if value is not None))

    def read(
        self, node: Node | None, convert: Callable[[str], T], subject: str = "this"
    ) -> T | None:
        """A text with ``${NAME}`` and ``${NAME:-default}`` replaced, then converted."""
        if node is None or (raw := self.raw_text(node)) is None:
            return None
        try:
            return convert(self.expanded(node, raw))
        except ValueError as error:
            self.problem(node, f"{subject} {error}")
            return None

    def choice(self, node: Node | None, choices: Mapping[str, T]) -> T | None:
        """What a word stands for; YAML may read it as something else than a text."""
        word = str(node.value) if node else ""
        if node and word not in choices:
            self.problem(node, f"this must be one of {', '.join(choices)}.")
        return choices.get(word)

    def expanded(self, node: Node, raw: str) -> str:
        return _ENV.sub(lambda match: self._variable(node, *match.groups()), raw)

    def _variable(self, node: Node, name: str, default: str | None) -> str:
        value = self._environ.get(name) or default
        if value is None:
            self.problem(
                node,
                f"the environment has no {name}. Set it, or write ${{{name}:-}} for nothing.",
            )
        return value or ""

    def raw_text(self, node: Node) -> str | None:
        kind = node.tag.rpartition(":")[2]
        if isinstance(node, ScalarNode) and kind not in _NOT_TEXT:
            return str(node.value)
        sentence = _NOT_TEXT.get(kind, _NO_TEXT)
        self.problem(node, sentence.format(value=node.value))
        return None
