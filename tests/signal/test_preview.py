"""What the terminal shows in preview."""

import io
import logging
import os
from time import monotonic
from types import SimpleNamespace

import pytest

from app.settings import Settings
from app.signal.outcome import Backend, Message, State
from app.signal.preview import Preview, greet, guard
from app.styling import Style, styled
from tests.conftest import settings

WORDS = zip(Style, ["bold\nstill", "italic", "strike", "spoiler", "mono"])
EVERY_STYLE = styled(piece for style, word in WORDS for piece in (style, word, style))


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
        "│ \x1b[1mbold\n"
        "│ still\x1b[22m\x1b[3mitalic\x1b[23m\x1b[9mstrike\x1b[29m"
        "\x1b[7mspoiler\x1b[27m\x1b[36mmono\x1b[39m\n"
        "└\n"
    )


@pytest.mark.parametrize("output", [io.StringIO(), Terminal()])
def test_a_file_or_a_terminal_without_colour_shows_plain_text(
    output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", output)
    message = Message("the default number", EVERY_STYLE, {"sticker": "a:1"})
    outcome = Preview().send(message, "alice.42", monotonic())
    assert output.getvalue() == (
        "┌ Signal message to alice.42 from the default number (preview, not sent)\n"
        "│ bold\n"
        "│ stillitalicstrikespoilermono\n"
        "│ (sticker)\n"
        "└\n"
    )
    assert outcome.state is State.SENT
    assert outcome.timestamp is not None and len(outcome.timestamp) == 13


def test_messages_are_shown_one_after_the_other_and_to_everybody() -> None:
    preview: Backend = Preview()
    assert preview.concurrency(monotonic()) == 1
    assert preview.doubt("+491", "+492", monotonic()) is None
    assert preview.accounts(monotonic()) is None


def test_a_preview_may_listen_where_only_its_own_machine_is() -> None:
    guard(settings(), ["0.0.0.0:1"])
    guard(Settings(), ["127.0.0.1:1", "[::1]:1", "localhost:1"])
    with pytest.raises(SystemExit, match="and it would listen on 0.0.0.0:1.\n"):
        guard(Settings(), ["127.0.0.1:1", "0.0.0.0:1"])


def test_who_tries_a_preview_gets_a_line_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_TOKENS", "")
    config = SimpleNamespace(bind=["127.0.0.1:8880"])
    greet(Settings(preview_token="made"), config, None)
    greet(Settings(), config, None)
    line = "curl http://127.0.0.1:8880/v2/send -H 'Authorization: Bearer {}' "
    shown = capsys.readouterr().out
    assert line.format("made") in shown and line.format("<your token>") in shown
    assert os.environ["API_TOKENS"] == "preview:made"


def test_limits_that_are_counted_apart_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for workers, uri in ((1, "memory://"), (2, "redis://r"), (2, "memory://")):
        assert not caplog.messages
        config = SimpleNamespace(workers=workers)
        greet(settings(rate_limit_storage_uri=uri), config, logging.getLogger())
    assert caplog.messages == [
        "Each of the 2 workers counts its limits for itself: set RATE_LIMIT_STORAGE_URI="
        "redis://… to count them together, or WEB_CONCURRENCY=1."
    ]
