"""What the terminal shows in preview."""

import io
from time import monotonic

import pytest

from app.signal.outcome import Message, State
from app.signal.preview import Preview
from app.styling import Style, styled

EVERY_STYLE = styled(
    [
        Style.BOLD,
        "bold\nstill",
        Style.BOLD,
        Style.ITALIC,
        "italic",
        Style.ITALIC,
        Style.STRIKETHROUGH,
        "strike",
        Style.STRIKETHROUGH,
        Style.SPOILER,
        "spoiler",
        Style.SPOILER,
        Style.MONOSPACE,
        "mono",
        Style.MONOSPACE,
    ]
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_every_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    message = Message("+4915100000001", EVERY_STYLE)
    Preview().send(message, "+4915112345678", monotonic())
    assert terminal.getvalue() == (
        "┌ Signal message to +4915112345678 from +4915100000001 (preview, not sent)\n"
        "│ \x1b[1mbold\x1b[22m\n"
        "│ \x1b[1mstill\x1b[22m\x1b[3mitalic\x1b[23m\x1b[9mstrike\x1b[29m"
        "\x1b[7mspoiler\x1b[27m\x1b[36mmono\x1b[39m\n"
        "└\n"
    )


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_file_or_a_terminal_without_colour_shows_plain_text(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    output = stream()
    monkeypatch.setattr("sys.stdout", output)
    message = Message("the default number", EVERY_STYLE, {"sticker": "a:1"})
    outcome = Preview().send(message, "alice.42", monotonic())
    assert output.getvalue() == (
        "┌ Signal message to alice.42 from the default number with sticker"
        " (preview, not sent)\n"
        "│ bold\n"
        "│ stillitalicstrikespoilermono\n"
        "└\n"
    )
    assert outcome.state is State.SENT
    assert outcome.timestamp is not None and len(outcome.timestamp) == 13


def test_messages_are_shown_one_after_the_other() -> None:
    assert Preview().concurrency(monotonic()) == 1
