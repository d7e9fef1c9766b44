"""What stands in the documents: their fenced blocks, anchors, links and tables.

A document is named by its path in the tree.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent.parent
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$\n?", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^ *```", re.MULTILINE)
_LINK = re.compile(r"\[[^\]\n]*\]\((?![a-z]+:)([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
_FILE = re.compile(r"(?:app|docs|tests|\.ci)/[\w./*-]*[\w*]")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``line`` is that of its fence."""

    document: str
    line: int
    language: str
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.document}:{self.line} {self.language or 'plain'}"


def documents() -> list[str]:
    """The README and all documents below docs/."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in paths]


@cache
def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document: str) -> list[Block]:
    """The fenced blocks; a fence without its other one is a `ValueError`."""
    text, found = text_of(document), []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(document, line, match[1], dedent(match[2])))
    if any(map(_FENCE.search, [*(block.text for block in found), prose(document)])):
        raise ValueError(f"{document}: a block is not opened or not closed")
    return found


def prose(document: str) -> str:
    """The document without its blocks."""
    return _BLOCK.sub("", text_of(document))


def links(document: str) -> list[str]:
    """The targets of the links, without those that lead out of the tree."""
    return _LINK.findall(re.sub(r"(`+)[^`].*?\1", "", prose(document)))


def anchors(document: str) -> set[str]:
    """The names of the headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(document)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        same = sum(1 for other in found if re.fullmatch(rf"{name}(-\d+)?", other))
        found.add(f"{name}-{same}" if same else name)
    return found


def table(document: str, first_column: str) -> list[list[str]]:
    """The cells of the rows of the tables whose first column has this title."""
    rows, is_wanted = [], False
    for line in prose(document).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if is_wanted and cells and not re.fullmatch(":?-+:?", cells[0]):
            rows.append(cells)
        is_wanted = bool(cells) and (is_wanted or cells[0] == first_column)
    return rows


def code_in(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def files_named(document: str) -> set[str]:
    """The paths of this tree that stand between backticks."""
    words = [code.partition("::")[0] for code in code_in(prose(document))]
    return {match[0] for word in words if (match := _FILE.match(word))}
