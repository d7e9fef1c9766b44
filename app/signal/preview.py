"""The backend of a gateway without `SIGNAL_API_URL`: messages are shown on the terminal, not sent."""

import os
import sys
import time

import click

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

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        extras = ", ".join(sorted(message.options))
        beside = f" with {extras}" if extras else ""
        head = f"┌ Signal message to {recipient} from {message.sender}{beside} (preview, not sent)"
        lines = [f"│ {line}" for line in shown(message.content).split("\n")]
        echo("\n".join([head, *lines, "└"]))
        return Outcome(State.SENT, timestamp=str(time.time_ns() // 1_000_000))

    def concurrency(self, deadline: float) -> int | None:
        return 1  # so that no two messages mix

    def accounts(self, deadline: float) -> list[str] | None:
        return None


def echo(text: str) -> None:
    """Print with colours on a terminal only; what it cannot write becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    text = text.encode(encoding, "replace").decode(encoding)
    click.echo(text, color=False if "NO_COLOR" in os.environ else None)


def shown(content: Styled) -> str:
    """The text for a terminal, each line closing its styles and opening them again on the next."""
    written, opened = [], list[Style]()
    for piece in content.pieces:
        if isinstance(piece, Style):
            is_opening = piece not in opened
            opened.append(piece) if is_opening else opened.remove(piece)
            written.append(_sgr(piece, is_opening))
        else:
            close = "".join(_sgr(style, on=False) for style in opened)
            reopen = "".join(_sgr(style, on=True) for style in opened)
            written.append(piece.replace("\n", f"{close}\n{reopen}"))
    return "".join(written)


def _sgr(style: Style, on: bool) -> str:
    return f"\x1b[{_SGR[style][0 if on else 1]}m"
