"""Markup to text and styles, and back to what signal-cli-rest-api takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.styling import (
    LONGEST,
    Piece,
    Style,
    Styled,
    parse_message,
    parse_template,
    plain,
    styled,
    to_markup,
)

B, I, S, X, M = Style
ZWSP = "\u200b"


def joined(pieces: list[Piece] | tuple[Piece, ...]) -> list[Piece]:
    """The pieces with neighbouring texts as one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and isinstance(piece, str) and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def template_pieces(source: str) -> list[Piece]:
    return joined([piece for piece, _ in parse_template(source)[0]])


BOTH: list[tuple[str, list[Piece]]] = [
    ("plain _text_ | a-b", ["plain _text_ | a-b"]),
    ("**b**", [B, "b", B]),
    ("*i*", [I, "i", I]),
    ("~s~", [S, "s", S]),
    ("||x||", [X, "x", X]),
    ("`m`", [M, "m", M]),
    ("***bi***", [B, I, "bi", I, B]),
    ("**b *i***", [B, "b ", I, "i", I, B]),
    ("*i **b***", [I, "i ", B, "b", B, I]),
    ("||~`*x*`~||", [X, S, M, I, "x", I, M, S, X]),
    ("**two\nlines**", [B, "two\nlines", B]),
    (r"\*no\* \~ \` \| a\b \\*", ["*no* ~ ` | a\\b \\*"]),
    (r"**a\***", [B, "a*", B]),
]


@pytest.mark.parametrize("source, pieces", BOTH)
def test_markup_becomes_text_and_styles(source: str, pieces: list[Piece]) -> None:
    assert template_pieces(source) == pieces
    assert joined(parse_message(source).pieces) == pieces


@pytest.mark.parametrize(
    "source, pieces",
    [
        ("**{a}**", [B, "{a}", B]),
        ("{a:*^9} {b[*]}", ["{a:*^9} {b[*]}"]),
        ("{{*i*}}", ["{{", I, "i", I, "}}"]),
    ],
)
def test_what_stands_in_braces_of_a_template_is_no_markup(
    source: str, pieces: list[Piece]
) -> None:
    assert template_pieces(source) == pieces


def test_braces_in_a_message_of_the_callers_own_are_text() -> None:
    assert joined(parse_message("{*i*}").pieces) == ["{", I, "i", I, "}"]


@pytest.mark.parametrize(
    "source, unpaired",
    [
        ("a **b", [("**", 2)]),
        ("2 * 3", [("*", 2)]),
        ("a\n~5 min", [("~", 2)]),
        ("*a ||b* c||", [("||", 3), ("||", 9)]),
        ("`a **b", [("`", 0), ("**", 3)]),
    ],
)
def test_a_marker_without_its_partner_is_noted_in_a_template(
    source: str, unpaired: list[tuple[str, int]]
) -> None:
    assert parse_template(source)[1] == unpaired


@pytest.mark.parametrize(
    "source, text",
    [("2*3=6", "23=6"), ("~5 minutes", "5 minutes"), ("**a", "a"), ("*a ||b*", "a b")],
)
def test_a_marker_without_its_partner_disappears_from_a_message(
    source: str, text: str
) -> None:
    assert parse_message(source).text == text


def test_a_text_without_markup_has_no_style() -> None:
    assert plain("**a**") == Styled(("**a**",))
    assert not plain("**a**").has_style and parse_message("**a**").has_style
    assert plain("") == Styled(())


@pytest.mark.parametrize(
    "pieces, kept",
    [
        ([B, "", B, "a"], ("a",)),
        ([B, I, "", I, B], ()),
        ([B, "a", B, "", B, "b", B], (B, "a", "b", B)),
        (["a", "", B, "b", B], ("a", B, "b", B)),
    ],
)
def test_styles_around_nothing_are_left_out(
    pieces: list[Piece], kept: tuple[Piece, ...]
) -> None:
    assert styled(pieces).pieces == kept


@pytest.mark.parametrize(
    "pieces, markup",
    [
        ([B, "b", B, " a*b~c`d|e"], r"**b** a\*b\~c\`d\|e"),
        ([B, "C:\\*.txt", B], r"**C:\\*.txt**"),
        ([B, "a*", B], rf"**a\*{ZWSP}**"),
        ([B, "a|", B], rf"**a\|{ZWSP}**"),
        ([B, "C:\\dir\\", B], rf"**C:\dir\{ZWSP}**"),
        (["a\\", M, "m", M], rf"a\{ZWSP}`m`"),
        ([B, "a~", B], r"**a\~**"),
        ([M, "*a", M], r"`\*a`"),
        ([B, I, "x", I, B], f"**{ZWSP}*x*{ZWSP}**"),
        ([X, S, "x", S, X], "||~x~||"),
    ],
)
def test_text_is_escaped_and_kept_apart_from_a_marker_behind_it(
    pieces: list[Piece], markup: str
) -> None:
    assert to_markup(styled(pieces)) == markup


def nested(open_styles: frozenset[Style]) -> st.SearchStrategy[list[Piece]]:
    """Texts of awkward characters in styles in styles."""
    text = st.text("a\\*~`| \n", min_size=1).map(lambda text: list[Piece]([text]))
    closed = sorted(set(Style) - open_styles, key=lambda style: style.name)
    if len(closed) < 3:
        return text
    wrapped = st.sampled_from(closed).flatmap(
        lambda style: nested(open_styles | {style}).map(
            lambda inner: [style, *inner, style]
        )
    )
    return st.lists(text | wrapped, min_size=1, max_size=4).map(
        lambda parts: [piece for part in parts for piece in part]
    )


@given(nested(frozenset()))
def test_markup_is_read_as_the_very_text_and_styles_that_were_written(
    pieces: list[Piece],
) -> None:
    message = styled(pieces)
    read = parse_message(to_markup(message))
    visible: list[Piece] = [
        piece.replace(ZWSP, "") if isinstance(piece, str) else piece
        for piece in read.pieces
    ]
    assert joined([piece for piece in visible if piece]) == joined(message.pieces)


def test_a_text_of_64_kib_stays_whole() -> None:
    text = "ä" * (LONGEST // 2)
    assert plain(text).text == text


@pytest.mark.parametrize(
    "text, kept",
    [
        ("a" * (LONGEST + 1), "a" * (LONGEST - 3) + "…"),
        ("ä" * LONGEST, "ä" * ((LONGEST - 3) // 2) + "…"),
        ("a" + "🔑" * LONGEST, "a" + "🔑" * ((LONGEST - 4) // 4) + "…"),
    ],
)
def test_a_longer_text_is_cut_at_a_character(text: str, kept: str) -> None:
    assert plain(text).text == kept


def test_what_is_cut_leaves_its_styles_closed() -> None:
    long = "a" * LONGEST
    assert styled(["code: ", B, X, long, X, "tail", B, "end"]).pieces == (
        "code: ",
        B,
        X,
        "a" * (LONGEST - 9) + "…",
        X,
        B,
    )


def test_a_character_that_does_not_fit_is_left_out_whole() -> None:
    first = "a" * (LONGEST - 4)
    assert styled([first, B, "🔑🔑", B]).pieces == (
        "a" * (LONGEST - 4),
        B,
        "…",
        B,
    )
