"""A gateway without `SIGNAL_API_URL`: messages are shown on the terminal and not sent."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from app.settings import Settings
from app.signal.outcome import Message, Outcome
from app.signal.transport import sent
from app.styling import Style, Styled

# SGR codes to switch a style on and off; a spoiler, which Signal covers until it is tapped, is inverted.
_SGR = {
    Style.BOLD: (1, 22),
    Style.ITALIC: (3, 23),
    Style.STRIKETHROUGH: (9, 29),
    Style.SPOILER: (7, 27),
    Style.MONOSPACE: (36, 39),
}
LOCAL = ("127.0.0.1:", "[::1]:", "localhost:")
REACHABLE = """\
The gateway cannot start: SIGNAL_API_URL is not set, and it would listen on {}.
A preview shows messages on this terminal and serves 127.0.0.1 alone. To send them, set
SIGNAL_API_URL, SIGNAL_NUMBER and API_TOKENS."""
GREETING = """
Preview: SIGNAL_API_URL is not set, so messages are shown here instead of being sent.
Try it in another terminal:

curl http://{}/v2/send -H 'Authorization: Bearer {}' -d \
'{{"From": "authentik", "To": "+49 151 12345678", "Body": "004821", "Message": "Use this code: 004821"}}'
"""
COUNTED_APART = (
    "Each of the %s workers counts its limits for itself: set"
    " RATE_LIMIT_STORAGE_URI=redis://… to count them together, or WEB_CONCURRENCY=1."
)


def guard(settings: Settings, addresses: Sequence[str]) -> None:
    """Refuse to start where others could reach a preview: it would show their codes."""
    for address in addresses:
        if settings.preview and not address.startswith(LOCAL):
            sys.exit(REACHABLE.format(address))


def greet(settings: Settings, config: Any, log: Any) -> None:
    """Print a line to paste for who tries the gateway, or warn of limits counted apart."""
    if token := settings.preview_token:
        os.environ["API_TOKENS"] = f"preview:{token}"  # for HUP to read it again
    if settings.preview:
        print(GREETING.format(config.bind[0], token or "<your token>"), flush=True)
    elif settings.rate_limit_storage_uri == "memory://" and config.workers > 1:
        log.warning(COUNTED_APART, config.workers)


class Preview:
    """Shows each message as Signal would: with its styles on a terminal, plain elsewhere."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        text = shown(message.content).replace("\n", "\n│ ")
        beside = "".join(f"│ ({name})\n" for name in message.options)
        way = f"to {recipient} from {message.sender}"
        echo(f"┌ Signal message {way} (preview, not sent)\n│ {text}\n{beside}└")
        return sent(time.time_ns() // 1_000_000)

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        return None

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
    """The text for a terminal, with its styles."""
    written, opened = [], set[Style]()
    for piece in content.pieces:
        if isinstance(piece, Style):
            written.append(f"\x1b[{_SGR[piece][piece in opened]}m")
            opened ^= {piece}
        else:
            written.append(piece)
    return "".join(written)
