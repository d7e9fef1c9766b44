"""The backend of a gateway without `SIGNAL_API_URL`: messages are shown on the terminal, not sent."""

import os
import sys
import time
from typing import TextIO

from app.signal.outcome import Message, Outcome, State
from app.styling import Style, Styled

# SGR codes to switch a style on and off; a spoiler, which Signal covers until it is tapped, is inverted.
_SGR = {
    Style.BOLD: ("1", "22"),
    Style.ITALIC: ("3", "23"),
    Style.STRIKETHROUGH: ("9", "29"),
    Style.SPOILER: ("7", "27"),
    Style.MONOSPACE: ("36", "39"),
}


class Preview:
    """Shows each message as Signal would: with its styles on a terminal, plain elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        stream = self._stream or sys.stdout
        in_colour = stream.isatty() and "NO_COLOR" not in os.environ
        lines = shown(message.content, in_colour).split("\n")
        extras = (
            f" with {', '.join(sorted(message.options))}" if message.options else ""
        )
        head = f"┌ Signal message to {recipient} from {message.sender}{extras} (preview, not sent)"
        text = "\n".join([head, *(f"│ {line}" for line in lines), "└\n"])
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
        return Outcome(State.SENT, timestamp=str(time.time_ns() // 1_000_000))

    def concurrency(self, deadline: float) -> int | None:
        return 1  # so that no two messages mix

    def problem(self, sender: str | None, deadline: float) -> str | None:
        return None


def shown(content: Styled, in_colour: bool) -> str:
    """The text for a terminal, each line closing its styles and opening them again on the next."""
    written, opened = [], list[Style]()
    for piece in content.pieces:
        if isinstance(piece, str):
            around = "".join(_sgr(style, on=False) for style in opened), "".join(
                _sgr(style, on=True) for style in opened
            )
            written.append(
                piece.replace("\n", "\n".join(around)) if in_colour else piece
            )
            continue
        is_opening = piece not in opened
        opened.append(piece) if is_opening else opened.remove(piece)
        if in_colour:
            written.append(_sgr(piece, is_opening))
    return "".join(written)


def _sgr(style: Style, on: bool) -> str:
    return f"\x1b[{_SGR[style][0 if on else 1]}m"
