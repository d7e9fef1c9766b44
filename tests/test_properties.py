"""What holds for any input whatever."""

import json
from pathlib import Path
from typing import Any

import pytest
import responses
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.fields import clean, is_blank
from app.styling import Piece, Style, Styled, parse_message, styled, to_markup
from tests.conftest import BEARER, SIGNAL, client
from tests.server_markup import read_markup

CALLER = client()

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


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A gateway with our text for codes as a template that takes any text."""
    path = tmp_path_factory.mktemp("templates") / "templates.yaml"
    ours = Path("templates.yaml").read_text()
    path.write_text(ours.replace("\n  sms:", "\n  own:"))
    return client(templates_file=path)


def send(
    body: bytes, path: str = "/v2/send", caller: FlaskClient = CALLER
) -> tuple[int, list[dict[str, Any]]]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as signal:
        signal.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
        status = caller.post(path, data=body, headers=BEARER).status_code
        return status, [json.loads(call.request.body or b"") for call in signal.calls]


@settings(max_examples=400)
@given(VALUES | st.dictionaries(KEYS, VALUES), st.sampled_from(["", "/sms", "/none"]))
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
def test_no_code_can_change_style_lines_or_recipient(
    own: FlaskClient, code: str
) -> None:
    document = {"to": "+4915112345678", "token": code}
    _, sent = send(json.dumps(document).encode(), "/v2/send/own", own)
    assert [message["recipients"] for message in sent] == [["+4915112345678"]]
    text, spans = read_markup(sent[0]["message"])
    title = "Your verification code"
    assert spans == [(0, len(title), "BOLD")]
    assert text.split("\n") == [
        title,
        "",
        clean(code),
        "",
        "It expires in 5 minutes. If you did not ask for it, ignore this message.",
    ]


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


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(nested())
def test_escaping_comes_back_from_signals_server_as_it_was(pieces: list[Piece]) -> None:
    message = styled(pieces)
    markup = to_markup(message)
    text, spans = read_markup(markup)
    expected = _visible(message.text, _spans(message))
    assert _visible(text, spans) == expected
    read_here = parse_message(markup)
    assert _visible(read_here.text, _spans(read_here)) == expected


def _visible(
    text: str, spans: list[tuple[int, int, str]]
) -> list[tuple[str, set[str]]]:
    """Each visible character with its styles: what a person sees."""
    return [
        (
            character,
            {style for start, length, style in spans if start <= at < start + length},
        )
        for at, character in enumerate(text)
        if character != "\u200b"
    ]


def _spans(message: Styled) -> list[tuple[int, int, str]]:
    spans, opened, position = [], list[tuple[Style, int]](), 0
    for piece in message.pieces:
        if isinstance(piece, str):
            position += len(piece)
        elif opened and opened[-1][0] is piece:
            start = opened.pop()[1]
            spans.append((start, position - start, piece.name))
        else:
            opened.append((piece, position))
    return spans


@given(HOSTILE)
def test_a_callers_styled_text_reads_the_same_here_and_there(source: str) -> None:
    message = parse_message(source.replace("\u200b", ""))
    text, spans = read_markup(to_markup(message))
    assert _visible(text, spans) == _visible(message.text, _spans(message))
