"""The picture in the README shows the message as it is now."""

from xml.etree import ElementTree

import pytest

from app.styling import Style, plain, styled
from docs.draw_message import PICTURE, draw, message

SVG = "{http://www.w3.org/2000/svg}"


def bubble(svg: str) -> list[str]:
    """The lines in the bubble, and then the time."""
    texts = ElementTree.fromstring(svg).iter(f"{SVG}text")
    shown = ["".join(text.itertext()) for text in texts]
    return shown[shown.index("Today") + 1 : shown.index("Signal message")]


def test_the_picture_is_drawn_from_the_template_as_it_is() -> None:
    is_current = PICTURE.read_text(encoding="utf-8") == draw(message())
    assert (
        is_current
    ), "docs/message.svg is out of date. Run: python -m docs.draw_message"


def test_it_shows_the_whole_message_and_its_bold_heading() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert bubble(svg) == [
        "Your verification code",
        "004821",
        "It expires in 5 minutes. If you",
        "did not ask for it, ignore this",
        "message.",
        "9:41",
    ]
    assert '<tspan font-weight="600">Your verification code</tspan>' in svg


def test_it_can_be_read_aloud_and_loads_nothing() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    title, description = list(ElementTree.fromstring(svg))[:2]
    assert title.text == "A verification code in Signal on a phone"
    assert description.text == (
        "A message from authentik: Your verification code 004821 It expires in 5 minutes."
        " If you did not ask for it, ignore this message."
    )
    assert "href" not in svg and "url(" not in svg
    assert len(svg) < 6000


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\n\ntwo", ["one", "two"]),
        ("a" * 24, ["a" * 24]),
        ("a" * 25, ["a" * 25]),
        (f"{'a' * 20} {'b' * 12}", ["a" * 20, "b" * 12]),
        ("<& 1", ["<& 1"]),
    ],
)
def test_any_text_fits_the_bubble(text: str, lines: list[str]) -> None:
    assert bubble(draw(plain(text))) == [*lines, "9:41"]


def test_the_time_never_covers_the_last_line() -> None:
    short, long = draw(plain("a" * 24)), draw(plain("a" * 25))
    assert '<text x="280" y="166"' in short and '<text x="280" y="187"' in long


def test_a_style_shows_on_its_own_words() -> None:
    text = styled(["a ", Style.BOLD, "b ", Style.ITALIC, "c", Style.ITALIC, Style.BOLD])
    assert (
        'a <tspan font-weight="600">b </tspan>'
        '<tspan font-weight="600" font-style="italic">c</tspan></text>'
    ) in draw(text)
