"""Markup to text with styles, and such a text to what Signal's servers take.

Styles are kept apart from the text from the moment that a template is read, so that nothing in a
value can ever be taken for markup.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Style(Enum):
    """Signal's text styles. The name is signal-cli's, the value is the marker in markup."""

    BOLD = "**"
    ITALIC = "*"
    STRIKETHROUGH = "~"
    SPOILER = "||"
    MONOSPACE = "`"


Piece = str | Style

# Signal's apps drop a text over 64 KiB without a word, signal-cli and its REST server do not limit it.
LONGEST = 64 * 1024
_MARKUP = r"\\(?P<literal>[*~`|])|(?P<marker>\*+|~|\|\||`)|(?P<text>[^\\*~`|{}$]+|.)"
_MESSAGE = re.compile(_MARKUP, re.DOTALL)
_FIELD = (
    r"(?P<variable>\$\{[A-Z_][A-Z0-9_]*(?::-[^}]*)?\})|(?P<field>\{\{|\}\}|\{[^{}]*\})"
)
_TEMPLATE = re.compile(f"{_FIELD}|{_MARKUP}", re.DOTALL)
_ESCAPED = str.maketrans({marker: f"\\{marker}" for marker in "*~`|"})
_ASTERISKS = "marker of asterisks"
_CLASHES = ("\\", "*", "|")
_ZERO_WIDTH_SPACE = "\u200b"


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
    """The pieces without what has no effect (empty texts, styles around nothing), cut to `LONGEST`."""
    kept: list[Piece] = []
    for piece in pieces:
        if kept and isinstance(piece, Style) and piece is kept[-1]:
            kept.pop()
        elif piece:
            kept.append(piece)
    message = Styled(tuple(kept))
    is_short = len(message.text.encode(errors="surrogatepass")) <= LONGEST
    return message if is_short else styled(_cut(kept))


def _cut(pieces: list[Piece]) -> Iterable[Piece]:
    """The pieces up to `LONGEST` bytes, the last text ending in ``…``; styles still close."""
    room = LONGEST - len("…".encode())
    for piece in pieces:
        if isinstance(piece, Style):
            yield piece
        elif room >= 0:
            text = piece.encode(errors="surrogatepass")
            is_whole = len(text) <= room
            yield piece if is_whole else text[:room].decode(errors="ignore") + "…"
            room -= len(text)


def parse_template(
    source: str,
) -> tuple[list[tuple[Piece, int]], list[tuple[str, int]]]:
    """A template's pieces and its markers without a partner, each with its offset.

    What stands in braces is a field, or with a dollar a variable, whatever it holds.
    """
    nesting = _nest(source, _TEMPLATE)
    return list(zip(nesting.pieces, nesting.offsets)), nesting.unpaired


def parse_message(source: str) -> Styled:
    """A caller's own text with ``text_mode: styled``, read as Signal's server reads it.

    A marker without its partner has no effect there and disappears.
    """
    return styled(_nest(source, _MESSAGE).pieces)


def _nest(source: str, pattern: re.Pattern[str]) -> "_Nesting":
    nesting = _Nesting()
    for token in pattern.finditer(source):
        if token.lastgroup == "marker":
            nesting.mark(token[0], token.start())
        else:
            nesting.add(token[token.lastgroup or 0], token.start())
    nesting.close_to(0)
    return nesting


class _Nesting:
    """Pairs markers; those that stay without a partner are taken out of ``pieces`` and noted."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.offsets: list[int] = []
        self.unpaired: list[tuple[str, int]] = []
        self._open: list[tuple[Style, int]] = []  # with its index in pieces

    def add(self, piece: Piece, offset: int) -> None:
        self.pieces.append(piece)
        self.offsets.append(offset)

    def mark(self, run: str, offset: int) -> None:
        done = 0
        while done < len(run):
            style = self._style(run[done : done + 3])
            self._toggle(style, offset + done)
            done += len(style.value)

    def _style(self, run: str) -> Style:
        if not run.startswith("*"):
            return Style(run)
        in_italic = bool(self._open) and self._open[-1][0] is Style.ITALIC
        is_italic = len(run) == 1 or (in_italic and len(run) > 2)
        return Style.ITALIC if is_italic else Style.BOLD

    def _toggle(self, style: Style, offset: int) -> None:
        opened = [entry[0] for entry in self._open]
        if style in opened:
            self.close_to(opened.index(style) + 1)
            self._open.pop()
        else:
            self._open.append((style, len(self.pieces)))
        self.add(style, offset)

    def close_to(self, depth: int) -> None:
        """Give up the styles opened at ``depth`` and deeper."""
        for style, index in self._open[depth:]:
            self.pieces[index] = ""
            self.unpaired.append((style.value, self.offsets[index]))
        del self._open[depth:]


def to_markup(message: Styled) -> str:
    """``message`` as signal-cli-rest-api reads it with ``text_mode: styled`` (0.96 and newer).

    One backslash escapes a marker character, none the backslash itself. A text that ends in one, in
    ``*`` or ``|`` is kept from a marker by a zero-width space, and so are two of asterisks.
    """
    written, before = [], ""
    for piece in message.pieces:
        if isinstance(piece, Style):
            asterisks = piece in (Style.BOLD, Style.ITALIC)
            if before in _CLASHES or (asterisks and before == _ASTERISKS):
                written.append(_ZERO_WIDTH_SPACE)
            written.append(piece.value)
            before = _ASTERISKS if asterisks else ""
        else:
            written.append(piece.translate(_ESCAPED))
            before = piece[-1]
    return "".join(written)


def to_ranges(message: Styled) -> list[str]:
    """The styles as signal-cli takes them: ``start:length:STYLE`` in UTF-16 units."""
    ranges, opened, position = [], list[tuple[Style, int]](), 0
    for piece in message.pieces:
        if isinstance(piece, str):
            position += len(piece.encode("utf-16-le", "surrogatepass")) // 2
        elif opened and opened[-1][0] is piece:
            start = opened.pop()[1]
            ranges.append(f"{start}:{position - start}:{piece.name}")
        else:
            opened.append((piece, position))
    return ranges
