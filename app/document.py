"""Reading a YAML file by its nodes, so that every mistake in it is told with its line.

PyYAML composes the nodes; what a person meant as text is taken as text or refused, never guessed.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")

_ENV = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}")
_QUOTES = "A text that begins with '{' or has ': ' in it must stand in quotes."
_HINTS = {  # by what PyYAML says
    "'\\t'": "Indent with blanks, not tabs.",
    "<block end>": f"Look at the indentation. {_QUOTES}",
}
_NOT_TEXT = {
    "bool": "YAML reads '{value}' as true or false. Put it in quotes.",
    "int": "YAML reads this as a number. Put it in quotes.",
    "float": "YAML reads this as a number. Put it in quotes.",
    "timestamp": "YAML reads this as a date. Put it in quotes.",
    "null": "there is no value. Write one, or take the line out.",
    "map": "a text is expected here, not a mapping. If the text begins with '{{', put it in quotes.",
    "seq": "a text is expected here, not a list.",
}


@dataclass
class Document:
    """A file being read: it turns nodes into values and notes what is wrong, and where."""

    name: str
    environ: Mapping[str, str]
    _found: list[tuple[int, str]] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """A sentence for each mistake found so far, in the order of their lines."""
        return [
            f"{self.name}, line {line}: {sentence}"
            for line, sentence in sorted(set(self._found))
        ]

    def load(self, path: Path) -> Node | None:
        try:
            return yaml.compose(
                path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader
            )
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            self._found.append(
                (
                    1,
                    f"the file cannot be read: {reason}. TEMPLATES_FILE says where it is.",
                )
            )
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            hint = _hint(str(error.problem))
            self._found.append((line, f"this is no YAML: {error.problem}. {hint}"))
        except yaml.YAMLError:
            self._found.append(
                (1, "this is no YAML: it holds a character that YAML forbids.")
            )
        return None

    def problem(self, node: Node, sentence: str, lines_below: int = 0) -> None:
        self._found.append((node.start_mark.line + 1 + lines_below, sentence))

    def entries(
        self, node: Node | None, what: str, known: Collection[str] | None = None
    ) -> Iterator[tuple[str, Node, Node]]:
        """Key, its node and the value's node of a mapping, each key once.

        ``known`` are the keys that it may have.
        """
        if node is None:
            return
        if not isinstance(node, MappingNode):
            self.problem(node, f"{what} must be a mapping, like 'name: value'.")
            return
        seen = set()
        for key_node, value_node in node.value:
            key = self.text(key_node)
            if key is None:
                continue
            if key in seen:
                self.problem(
                    key_node, f"'{key}' stands here for the second time in {what}."
                )
            elif known is not None and key not in known:
                self.problem(
                    key_node, f"{what} has no '{key}'. It may have: {', '.join(known)}."
                )
            else:
                yield key, key_node, value_node
            seen.add(key)

    def text(self, node: Node) -> str | None:
        """The text with ``${NAME}`` and ``${NAME:-default}`` replaced; ``None`` if there is none."""
        raw = self.raw_text(node)
        return None if raw is None else self.expanded(node, raw)

    def expanded(self, node: Node, raw: str) -> str:
        return _ENV.sub(lambda match: self._variable(node, match), raw)

    def raw_text(self, node: Node) -> str | None:
        kind = node.tag.rpartition(":")[2]
        if isinstance(node, ScalarNode) and kind not in _NOT_TEXT:
            return str(node.value)
        self.problem(
            node,
            _NOT_TEXT.get(kind, "a text is expected here.").format(value=node.value),
        )
        return None

    def texts(self, node: Node | None) -> list[tuple[str, Node]]:
        """One text, or a list of them."""
        nodes = (
            node.value
            if isinstance(node, SequenceNode)
            else [] if node is None else [node]
        )
        return [(text, item) for item in nodes if (text := self.text(item)) is not None]

    def flag(self, node: Node | None) -> bool | None:
        """``true`` or ``false``."""
        if node is None or node.value in ("true", "false"):
            return None if node is None else bool(node.value == "true")
        self.problem(node, "true or false is expected here.")
        return None

    def converted(
        self, node: Node | None, convert: Callable[[str], T]
    ) -> tuple[T, ...] | None:
        """One text or a list of them, each converted; the `ValueError` of a conversion is the problem."""
        found = []
        for text, item in self.texts(node):
            try:
                found.append(convert(text))
            except ValueError as error:
                self.problem(item, str(error))
        return None if node is None else tuple(dict.fromkeys(found))

    def _variable(self, node: Node, match: re.Match[str]) -> str:
        name, default = match.groups()
        value = self.environ.get(name) or default
        if value is None:
            self.problem(
                node,
                f"the environment has no {name}. Set it, or write ${{{name}:-}} for nothing.",
            )
        return value or ""


def _hint(problem: str) -> str:
    hints = (hint for sign, hint in _HINTS.items() if sign in problem)
    return next(hints, _QUOTES)
