"""Markup to text with styles, and such a text to what Signal's servers take.

Styles are kept apart from the text from the moment that a template is read, so that nothing in a
value can ever be taken for markup.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise


class Style(Enum):
    """Signal's text styles. The name is signal-cli's, the value is the marker in markup."""

    BOLD = "**"
    ITALIC = "*"
    STRIKETHROUGH = "~"
    SPOILER = "||"
    MONOSPACE = "`"


Piece = str | Style

# Signal's apps drop a text over 64 KiB without a word, signal-cli and its REST server do not
# limit it. The "…" takes three bytes.
LONGEST = 64 * 1024 - 3
_MARKUP = (
    r"\\(?P<literal>[*~`|])|(?P<marker>\*\*|\*|~|\|\||`)|(?P<text>[^\\*~`|{}$]+|.)"
)
MESSAGE = re.compile(_MARKUP, re.DOTALL)
_FIELD = (
    r"(?P<variable>\$\{[A-Z_][A-Z0-9_]*(?::-[^}]*)?\})|(?P<field>\{\{|\}\}|\{[^{}]*\})"
)
TEMPLATE = re.compile(f"{_FIELD}|{_MARKUP}", re.DOTALL)
_ESCAPED = str.maketrans({marker: f"\\{marker}" for marker in "*~`|"})


@dataclass(frozen=True)
class Styled:
    """A text and its styles in reading order: a `Style` opens, the same again closes; none is empty."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece for piece in self.pieces if isinstance(piece, str))

    @property
    def has_style(self) -> bool:
        return any(isinstance(piece, Style) for piece in self.pieces)


def plain(text: str) -> Styled:
    return styled([text])


def styled(pieces: Iterable[Piece]) -> Styled:
    """The pieces without what has no effect (empty texts, styles around nothing).

    Of more than `LONGEST` bytes the text is cut and ends in ``…``; styles still close.
    """
    kept: list[Piece] = []
    room = LONGEST
    for piece in pieces:
        if isinstance(piece, str):
            written = piece.encode(errors="surrogatepass")
            if len(written) > room:
                cut = written[: max(room, 0)].decode(errors="ignore")
                piece = f"{cut}…" if room >= 0 else ""
            room -= len(written)
        if kept and isinstance(piece, Style) and piece is kept[-1]:
            kept.pop()
        elif piece:
            kept.append(piece)
    return Styled(tuple(kept))


def parse_message(source: str) -> Styled:
    """A caller's own text with ``text_mode: styled``, read as Signal's server reads it.

    A marker without its partner has no effect there and disappears.
    """
    return styled(piece for piece, _ in parse(source, MESSAGE)[0])


def parse(
    source: str, form: re.Pattern[str]
) -> tuple[list[tuple[Piece, int]], list[tuple[str, int]]]:
    """The pieces of a text and its markers without a partner, each with its offset.

    ``form`` is `MESSAGE` or `TEMPLATE`, where what stands in braces is a field, or with a
    dollar a variable, whatever it holds.
    """
    pieces: list[tuple[Piece, int]] = []
    opened: dict[Style, int] = {}  # where in the pieces; the innermost is the last
    lost: list[tuple[Style, int]] = []
    end = 0
    while token := form.match(source, end):
        piece: Piece = token[token.lastgroup or 0]
        start, end = token.span()
        if token.lastgroup == "marker":
            innermost = next(reversed(opened), None)
            if innermost is Style.ITALIC and source.startswith("***", start):
                end = start + 1
            piece = Style(source[start:end])
            if piece in opened:
                while (last := opened.popitem())[0] is not piece:
                    lost.append(last)
            else:
                opened[piece] = len(pieces)
        pieces.append((piece, start))
    lost += opened.items()
    unpaired = [(style.value, pieces[place][1]) for style, place in lost]
    for _, place in lost:
        pieces[place] = ("", 0)
    return pieces, unpaired


def to_markup(message: Styled) -> str:
    """``message`` as signal-cli-rest-api reads it with ``text_mode: styled`` (0.96 and newer).

    One backslash escapes a marker character, none the backslash itself. A text that ends in one, in
    ``*`` or ``|`` is kept from a marker by a zero-width space, and so are two of asterisks.
    """
    written = []
    for before, piece in pairwise(["", *message.pieces]):
        if isinstance(piece, str):
            written.append(piece.translate(_ESCAPED))
        else:
            clash = (
                before.endswith(("\\", "*", "|"))
                if isinstance(before, str)
                else {before, piece} == {Style.BOLD, Style.ITALIC}
            )
            written += ["\u200b" if clash else "", piece.value]
    return "".join(written)


def to_ranges(message: Styled) -> list[str]:
    """The styles as signal-cli takes them: ``start:length:STYLE`` in UTF-16 units."""
    ranges, opened, position = [], dict[Style, int](), 0
    for piece in message.pieces:
        if isinstance(piece, str):
            position += len(piece.encode("utf-16-le", "surrogatepass")) // 2
        elif piece in opened:
            start = opened.pop(piece)
            ranges.append(f"{start}:{position - start}:{piece.name}")
        else:
            opened[piece] = position
    return ranges
