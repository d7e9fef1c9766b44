"""Reading a YAML file by its nodes, so that every mistake in it is told with its line.

What a person meant as text is taken as text or refused, never guessed.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")

_ENV = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}")
_QUOTES = "A text that begins with '{' or has ': ' in it must stand in quotes."
_NUMBER = "YAML reads this as a number. Put it in quotes."
_NOT_TEXT = {
    "bool": "YAML reads '{value}' as true or false. Put it in quotes.",
    "int": _NUMBER,
    "float": _NUMBER,
    "timestamp": "YAML reads this as a date. Put it in quotes.",
    "null": "there is no value. Write one, or take the line out.",
    "map": "a text is expected here, not a mapping. If the text begins with '{{', put it in quotes.",
    "seq": "a text is expected here, not a list.",
}


class Document:
    """A file being read: it turns nodes into values and notes what is wrong, and where."""

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
        line, sentence = 1, "this is not YAML: it holds a character that YAML forbids."
        try:
            text = self._path.read_text(encoding="utf-8")
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            advice = "TEMPLATES_FILE says where it is."
            sentence = f"the file cannot be read: {reason}. {advice}"
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            sentence = f"this is not YAML: {error.problem}. {_hint(str(error.problem))}"
        except yaml.YAMLError:
            pass
        self._found.add((line, sentence))
        return None

    def problem(self, node: Node, sentence: str, lines_below: int = 0) -> None:
        self._found.add((node.start_mark.line + 1 + lines_below, sentence))

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
        for key_node, value in node.value:
            key = self.text(key_node)
            if key in seen:
                self.problem(key_node, f"'{key}' is there a second time in {what}.")
            elif key and known is not None and key not in known:
                self.problem(
                    key_node, f"{what} has no '{key}'. It may have: {', '.join(known)}."
                )
            elif key is not None:
                yield key, key_node, value
            seen.add(key)

    def parts(
        self, node: Node | None, what: str, known: Collection[str]
    ) -> dict[str, Node]:
        """The values' nodes of a mapping by their keys."""
        return {key: value for key, _, value in self.entries(node, what, known)}

    def mapping(
        self,
        node: Node | None,
        what: str,
        read_key: Callable[[str], str],
        read: Callable[[str, Node], T | None],
    ) -> dict[str, T]:
        """A mapping with its keys and values converted, without those that have no value."""
        found: dict[str, T] = {}
        for written, key_node, value_node in self.entries(node, what):
            try:
                key = read_key(written)
                if key in found:
                    raise ValueError(f"is the second spelling of one entry in {what}.")
            except ValueError as error:
                self.problem(key_node, f"'{written}' {error}")
                key = written
            if (value := read(key, value_node)) is not None:
                found[key] = value
        return found

    def text(self, node: Node) -> str | None:
        """The text with ``${NAME}`` and ``${NAME:-default}`` replaced; ``None`` if there is none."""
        raw = self.raw_text(node)
        return None if raw is None else self.expanded(node, raw)

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
        sentence = _NOT_TEXT.get(kind, "a text is expected here.")
        self.problem(node, sentence.format(value=node.value))
        return None

    def flag(self, node: Node | None) -> bool | None:
        """``true`` or ``false``."""
        if node is None or node.value in ("true", "false"):
            return None if node is None else bool(node.value == "true")
        self.problem(node, "true or false is expected here.")
        return None

    def converted(
        self, node: Node | None, convert: Callable[[str], T]
    ) -> tuple[T, ...] | None:
        """One text or a list of them, each converted, as `app.environment` does."""
        if node is None:
            return None
        values = []
        for item in node.value if isinstance(node, SequenceNode) else [node]:
            try:
                if (text := self.text(item)) is not None:
                    values.append(convert(text))
            except ValueError as error:
                self.problem(item, f"this {error}")
        return tuple(dict.fromkeys(values))


def _hint(problem: str) -> str:
    if "'\\t'" in problem:
        return "Indent with blanks, not tabs."
    return (
        f"Look at the indentation. {_QUOTES}" if "<block end>" in problem else _QUOTES
    )
