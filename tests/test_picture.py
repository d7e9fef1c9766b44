"""The picture in the README shows the message as it is now."""

from xml.etree import ElementTree

from docs.draw_message import PICTURE, draw, message

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_drawn_from_the_template_as_it_is() -> None:
    # If it is not: python -m docs.draw_message
    assert PICTURE.read_text(encoding="utf-8") == draw(message())


def test_it_shows_the_whole_message_can_be_read_aloud_and_loads_nothing() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    shown = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert shown[shown.index("Today") + 1 : shown.index("Signal message")] == [
        "Your verification code",
        "004821",
        "It expires in 5 minutes. If you",
        "did not ask for it, ignore this",
        "message.",
        "9:41",
    ]
    assert '<tspan font-weight="600">Your verification code</tspan>' in svg
    assert [part.text for part in root[:2]] == [
        "A verification code in Signal on a phone",
        "A message from authentik: Your verification code 004821 It expires in 5 minutes."
        " If you did not ask for it, ignore this message.",
    ]
    assert "href" not in svg and "url(" not in svg
    assert len(svg) < 6000
