"""Markup to text and styles, and back to what signal-cli-rest-api takes."""

from collections.abc import Iterable

import pytest

from app.styling import (
    LONGEST,
    TEMPLATE,
    Piece,
    Style,
    Styled,
    parse,
    parse_message,
    plain,
    styled,
    to_markup,
)

B, I, S, X, M = Style
ZWSP = "\u200b"


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with neighbouring texts as one."""
    found: list[Piece] = []
    for piece in pieces:
        if found and isinstance(piece, str) and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def template_pieces(source: str) -> list[Piece]:
    return joined(piece for piece, _ in parse(source, TEMPLATE)[0])


BOTH: list[tuple[str, list[Piece]]] = [
    ("plain _text_ | a-b", ["plain _text_ | a-b"]),
    ("**b**", [B, "b", B]),
    ("~s~", [S, "s", S]),
    ("||x||", [X, "x", X]),
    ("`m`", [M, "m", M]),
    ("**b *i***", [B, "b ", I, "i", I, B]),
    ("||~`*x*`~||", [X, S, M, I, "x", I, M, S, X]),
    ("**two\nlines**", [B, "two\nlines", B]),
    (r"\*no\* \~ \` \| a\b \\*", ["*no* ~ ` | a\\b \\*"]),
    (r"**a\***", [B, "a*", B]),
]


@pytest.mark.parametrize("source, pieces", BOTH)
def test_markup_becomes_text_and_styles(source: str, pieces: list[Piece]) -> None:
    assert template_pieces(source) == pieces
    assert joined(parse_message(source).pieces) == pieces


def test_what_stands_in_braces_of_a_template_is_no_markup() -> None:
    source = "**{a}** {a:*^9} {b[*]} {{*i*}}"
    text = [B, "{a}", B, " {a:*^9} {b[*]} {{", I, "i", I, "}}"]
    assert template_pieces(source) == text


@pytest.mark.parametrize(
    "source, unpaired",
    [
        ("a **b", [("**", 2)]),
        ("a\n~5 min", [("~", 2)]),
        ("*a ||b* c||", [("||", 3), ("||", 9)]),
    ],
)
def test_a_marker_without_its_partner_is_noted_in_a_template(
    source: str, unpaired: list[tuple[str, int]]
) -> None:
    assert parse(source, TEMPLATE)[1] == unpaired


@pytest.mark.parametrize(
    "source, pieces",
    [
        ("2*3=6", ["23=6"]),
        ("~5 minutes", ["5 minutes"]),
        ("*a ||b*", [I, "a b", I]),
        ("{*i*}", ["{", I, "i", I, "}"]),
    ],
)
def test_of_a_message_of_the_callers_own_all_is_markup_that_has_its_partner(
    source: str, pieces: list[Piece]
) -> None:
    assert joined(parse_message(source).pieces) == pieces


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
        ([B, "C:\\dir\\", B], rf"**C:\dir\{ZWSP}**"),
        (["a\\", M, "m", M], rf"a\{ZWSP}`m`"),
        ([B, "a~", B], r"**a\~**"),
        ([B, I, "x", I, B], f"**{ZWSP}*x*{ZWSP}**"),
    ],
)
def test_text_is_escaped_and_kept_apart_from_a_marker_behind_it(
    pieces: list[Piece], markup: str
) -> None:
    assert to_markup(styled(pieces)) == markup


@pytest.mark.parametrize(
    "pieces, kept",
    [
        (["a" * LONGEST], ("a" * LONGEST,)),
        (["a" * (LONGEST + 1)], ("a" * LONGEST + "…",)),
        (["a" + "🔑" * LONGEST], ("a" + "🔑" * ((LONGEST - 1) // 4) + "…",)),
        (
            ["code: ", B, X, "a" * LONGEST, X, "tail", B, "end"],
            ("code: ", B, X, "a" * (LONGEST - 6) + "…", X, B),
        ),
        (["a" * (LONGEST - 1), B, "🔑🔑", B], ("a" * (LONGEST - 1), B, "…", B)),
    ],
)
def test_over_64_kib_a_text_is_cut_at_a_character_and_its_styles_are_closed(
    pieces: list[Piece], kept: tuple[Piece, ...]
) -> None:
    assert styled(pieces).pieces == kept
