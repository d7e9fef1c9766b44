"""What holds for any input whatever."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import responses
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.fields import clean, is_blank
from app.styling import Piece, Style, Styled, parse_message, styled, to_markup
from tests.conftest import BEARER, SIGNAL, client
from tests.posting import ANNA
from tests.server_markup import read_markup

TEMPLATES = """
templates:
  sms: {message: "code {token}", limit: 100000 per minute}
  own: {message: "**title**\\n{x}\\nend"}
"""


def caller() -> FlaskClient:
    with TemporaryDirectory() as folder:
        file = Path(folder, "templates.yaml")
        file.write_text(TEMPLATES)
        return client(templates_file=file)


CALLER = caller()

KEYS = st.sampled_from(
    "recipients recipient To to phone_number number From from sender token Body body code"
    " otp message Message text severity attachments locale text_mode mentions sticker"
    " base64_attachments quote_timestamp link_preview title fields x".split()
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["+4915112345678", "482915", "{token}", "styled", "{ADMINS}"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)
# What a value could try: markup, escapes, fields, line breaks, hidden and reversing characters.
HOSTILE = st.text(
    st.sampled_from(
        list("*~`|\\{}a1 \n\r\t\u2028\u2029\u202e\u2066\u200b\x00\x1b\ud800")
    )
)


def send(body: bytes, path: str = "/v2/send") -> tuple[int, list[dict[str, Any]]]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as signal:
        signal.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
        status = CALLER.post(path, data=body, headers=BEARER).status_code
        return status, [json.loads(call.request.body or b"") for call in signal.calls]


@settings(max_examples=400)
@given(
    VALUES | st.dictionaries(KEYS, VALUES), st.sampled_from(["", "/sms", "/own", "/x"])
)
def test_no_json_whatever_gives_a_500(document: Any, template: str) -> None:
    status, sent = send(json.dumps(document).encode(), f"/v2/send{template}")
    assert status in (201, 400, 403, 404, 422, 429)
    assert bool(sent) == (status == 201)


@given(st.binary())
def test_no_bytes_whatever_give_a_500(body: bytes) -> None:
    status, sent = send(body)
    assert status in (400, 422)
    assert not sent


@given(HOSTILE.filter(lambda text: not is_blank(text)))
def test_no_value_can_change_style_lines_or_recipient(value: str) -> None:
    document = {"to": ANNA, "x": value}
    status, sent = send(json.dumps(document).encode(), "/v2/send/own")
    assert (status, [message["recipients"] for message in sent]) == (201, [[ANNA]])
    text, spans = read_markup(sent[0]["message"])
    assert spans == [(0, len("title"), "BOLD")]
    assert text.split("\n") == ["title", clean(value), "end"]


@given(st.text(st.sampled_from("ab1 -./:{}0"), max_size=12))
def test_what_goes_out_as_a_code_looks_like_one(code: str) -> None:
    status, sent = send(json.dumps({"to": ANNA, "token": code}).encode())
    if re.fullmatch("[ab01]{4,10}", code.strip()) and re.search("[01]", code):
        assert (status, sent[0]["message"]) == (201, f"code {code.strip()}")
    else:
        assert (status, sent) == (422, [])


@given(HOSTILE)
def test_a_clean_value_is_one_line_of_visible_characters(value: str) -> None:
    assert clean(value).isprintable()
    assert all(line.isprintable() for line in clean(value, keep_lines=True).split("\n"))


@st.composite
def nested(draw: st.DrawFn, depth: int = 3) -> list[Piece]:
    pieces: list[Piece] = []
    for _ in range(draw(st.integers(0, 4))):
        if depth and draw(st.booleans()):
            style = draw(st.sampled_from(Style))
            inner = [piece for piece in draw(nested(depth - 1)) if piece is not style]
            pieces += [style, *inner, style]
        else:
            pieces.append(draw(st.text(st.sampled_from(list("*~`|\\a \nÄ😀")))))
    return pieces


def check_both_sides(message: Styled) -> None:
    """Each visible character has the same styles here and as Signal's server reads them."""
    text, spans = read_markup(to_markup(message))
    seen = [
        (character, {style for at, length, style in spans if at <= i < at + length})
        for i, character in enumerate(text)
        if character != "\u200b"
    ]
    meant, styles = list[tuple[str, set[str]]](), set[str]()
    for piece in message.pieces:
        if isinstance(piece, str):
            meant += [(character, styles) for character in piece]
        else:
            styles = styles ^ {piece.name}
    assert seen == meant


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(nested())
def test_escaping_comes_back_from_signals_server_as_it_was(pieces: list[Piece]) -> None:
    check_both_sides(styled(pieces))


@given(HOSTILE)
def test_a_callers_styled_text_reads_the_same_here_and_there(source: str) -> None:
    check_both_sides(parse_message(source.replace("\u200b", "")))
