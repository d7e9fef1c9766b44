"""What stands in the documents: their fenced blocks, anchors, links and tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent.parent
_FENCE = re.compile(r" *(```+|~~~+)\s*(\S*)")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#*)?$", re.MULTILINE)
_CODE = re.compile(r"(`+)[^`].*?\1")


@dataclass(frozen=True)
class Block:
    """A fenced block: the first word behind its fence, the line of the fence, and what is in it."""

    document: str
    line: int
    language: str
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.document}:{self.line} {self.language or 'plain'}"


def documents(root: Path = ROOT) -> list[str]:
    """The README and all below docs/, by their paths in the tree."""
    found = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [str(path.relative_to(root)) for path in found]


@cache
def text_of(document: str, root: Path = ROOT) -> str:
    return (root / document).read_text(encoding="utf-8")


def blocks(document: str, root: Path = ROOT) -> list[Block]:
    """The fenced blocks of a document; one that is not closed is a `ValueError`."""
    return [
        part
        for part in _parts(document, text_of(document, root))
        if isinstance(part, Block)
    ]


def prose(document: str, root: Path = ROOT) -> str:
    """The document without its blocks."""
    parts = _parts(document, text_of(document, root))
    return "".join(part for part in parts if isinstance(part, str))


def _parts(document: str, text: str) -> Iterator[str | Block]:
    opened: tuple[int, str, str] | None = None  # line, fence, language
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence:
                opened, inside = (number, fence[1], fence[2]), []
            else:
                yield line
        elif fence and fence[1].startswith(opened[1]) and not fence[2]:
            yield Block(document, opened[0], opened[2], dedent("".join(inside)))
            opened = None
        else:
            inside.append(line)
    if opened:
        raise ValueError(f"{document}:{opened[0]}: this block is not closed")


def links(document: str, root: Path = ROOT) -> list[str]:
    """The targets of the links, without those that lead out of the tree."""
    targets = _LINK.findall(_CODE.sub("", prose(document, root)))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(document: str, root: Path = ROOT) -> set[str]:
    """The names that GitHub gives to the headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(document, root)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        same = sum(1 for other in found if re.fullmatch(rf"{name}(-\d+)?", other))
        found.add(f"{name}-{same}" if same else name)
    return found


def table(document: str, first_column: str, root: Path = ROOT) -> list[list[str]]:
    """The cells of the rows of the tables whose first column has this title."""
    rows, is_wanted = [], False
    for line in prose(document, root).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            is_wanted = False
        elif cells[0] == first_column:
            is_wanted = True
        elif is_wanted and not set(cells[0]) <= set("-:"):
            rows.append(cells)
        elif is_wanted and not cells[0]:
            rows.append(cells)
    return rows


def code_in(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def files_named(document: str, root: Path = ROOT) -> set[str]:
    """The paths of this tree that stand between backticks."""
    words = {
        word for code in code_in(prose(document, root)) for word in code.split()[:1]
    }
    pattern = re.compile(r"(?:app|docs|tests|\.ci)/[\w./*-]*[\w*]")
    return {
        found[0] for word in words if (found := pattern.match(word.partition("::")[0]))
    }
