"""Markup to text and styles, and back to what signal-cli-rest-api takes."""

from collections.abc import Iterable

import pytest

from app import styling
from app.styling import Piece, Style, parse_message, plain, styled, to_markup

LONGEST = styling.LONGEST
B, I, S, X, M = Style
ZWSP = "\u200b"


def shown(pieces: Iterable[Piece]) -> str:
    """The pieces as one text, with ``<B>`` where bold begins and where it ends."""
    names = dict(zip(Style, "BISXM"))
    return "".join(f"<{names[p]}>" if isinstance(p, Style) else p for p in pieces)


def in_template(source: str) -> str:
    return shown(piece for piece, _ in styling.parse(source, styling.TEMPLATE)[0])


@pytest.mark.parametrize(
    "source, text",
    [
        ("plain _text_ | a-b", "plain _text_ | a-b"),
        ("**b**~s~||x||`m`", "<B>b<B><S>s<S><X>x<X><M>m<M>"),
        ("**b *i***", "<B>b <I>i<I><B>"),
        ("***b*** ****", "<B><I>b<I><B> <B><B>"),
        ("||~`*x*`~||", "<X><S><M><I>x<I><M><S><X>"),
        ("**two\nlines**", "<B>two\nlines<B>"),
        (r"\*no\* \~ \` \| a\b \\*", "*no* ~ ` | a\\b \\*"),
        (r"**a\***", "<B>a*<B>"),
    ],
)
def test_markup_becomes_text_and_styles(source: str, text: str) -> None:
    assert in_template(source) == text
    assert shown(parse_message(source).pieces) == text.replace("<B><B>", "")


def test_what_stands_in_braces_of_a_template_is_no_markup() -> None:
    source = "**{a}** {a:*^9} {b[*]} {{*i*}}"
    assert in_template(source) == "<B>{a}<B> {a:*^9} {b[*]} {{<I>i<I>}}"


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
    assert styling.parse(source, styling.TEMPLATE)[1] == unpaired


@pytest.mark.parametrize(
    "source, text",
    [
        ("2*3=6", "23=6"),
        ("~5 minutes", "5 minutes"),
        ("*a ||b*", "<I>a b<I>"),
        ("{*i*}", "{<I>i<I>}"),
    ],
)
def test_of_a_message_of_the_callers_own_all_is_markup_that_has_its_partner(
    source: str, text: str
) -> None:
    assert shown(parse_message(source).pieces) == text


def test_a_text_without_markup_has_no_style() -> None:
    assert plain("**a**").pieces == ("**a**",)
    assert not plain("**a**").has_style and parse_message("**a**").has_style
    assert plain("").pieces == ()


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
