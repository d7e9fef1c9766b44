"""Draws ``message.svg``, the picture in the README: ``python -m docs.draw_message``.

The text is the one that the template ``sms`` makes of a code, so run it after a change there.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from app.fields import fill
from app.styling import Style, Styled, styled
from app.template_file import TemplateFile

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs/message.svg"
FIELDS = {"token": "004821"}

LONGEST = 32  # characters on a line of the bubble
ROOM = " " * 8  # for the time, behind the last word
LINE = 21  # its height
TOP = 166  # baseline of the first line
LOOKS = {
    Style.BOLD: 'font-weight="600"',
    Style.ITALIC: 'font-style="italic"',
    Style.MONOSPACE: 'font-family="monospace"',
}
Run = tuple[str, str]  # a text and its look

FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" width="340" height="{height}" viewBox="0 0 340 {height}"
 role="img" aria-labelledby="title desc">
<title id="title">A verification code in Signal on a phone</title>
<desc id="desc">A message from authentik: {content}</desc>
<g font-family="-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
 font-size="15.5" fill="#1b1b1b">
<rect x="1" y="1" width="338" height="{frame}" rx="39" fill="#2a2d33" stroke="#7d838c" stroke-width="1.5"/>
<rect x="9" y="9" width="322" height="{screen}" rx="31" fill="#fff"/>
<text x="32" y="34" font-size="13" font-weight="600">9:41</text>
<rect x="141" y="19" width="58" height="17" rx="8.5" fill="#2a2d33"/>
<g fill="none" stroke="#1b1b1b" stroke-linecap="round" stroke-linejoin="round">
<rect x="285.5" y="24.5" width="19" height="9" rx="2.5"/>
<path d="M307 27.5v3" stroke-width="1.5"/>
<rect x="288" y="27" width="11" height="4" rx=".5" fill="#1b1b1b"/>
<path d="M37 60l-7 8 7 8" stroke-width="2"/>
<g stroke-width="1.7">
<rect x="247" y="62" width="21" height="13" rx="3"/>
<path d="M268 67.5l5.5-3.5v9l-5.5-3.5"/>
<path d="M293.5 61.5l3-.5 2.5 5-2 2c1 2.5 2.5 4 5 5l2-2 5 2.5-.5 3c-.5 1.5-2 2-3.5 1.7
-6.5-1.5-11-6-12.7-12.7-.3-1.7 0-3 1.2-4z"/>
</g>
</g>
<circle cx="65" cy="68" r="17" fill="#e3e3fe"/>
<path d="M60.5 66v-2.5a4.5 4.5 0 0 1 9 0V66" fill="none" stroke="#3838f5" stroke-width="2"/>
<rect x="57.5" y="65.5" width="15" height="11" rx="2.5" fill="#3838f5"/>
<text x="92" y="73.5" font-size="17" font-weight="600">authentik</text>
<path d="M9 96.5h322" stroke="#e5e5ea"/>
<text x="170" y="123" font-size="12.5" text-anchor="middle" fill="#5e5e5e">Today</text>
<rect x="21" y="138" width="272" height="{bubble}" rx="18" fill="#ececee"/>
{lines}
<text x="280" y="{last}" font-size="12" text-anchor="end" fill="#5e5e5e">9:41</text>
<g transform="translate(0 {foot})">
<path d="M32 1v14M25 8h14" stroke="#1b1b1b" stroke-width="2" stroke-linecap="round"/>
<rect x="54" y="-10" width="234" height="36" rx="18" fill="#f2f2f4"/>
<text x="69" y="13.5" fill="#6e6e73">Signal message</text>
<g fill="none" stroke="#1b1b1b" stroke-width="1.8" stroke-linecap="round">
<rect x="302" y="-3" width="8" height="14" rx="4"/>
<path d="M298.5 7a7.5 7.5 0 0 0 15 0M306 15v4"/>
</g>
<rect x="118" y="44" width="104" height="4.5" rx="2.2" fill="#1b1b1b"/>
</g>
</g>
</svg>
"""


def draw(text: Styled) -> str:
    """The picture as SVG, with ``text`` in the bubble."""
    lines = list(wrapped(text))
    baselines = range(TOP, TOP + LINE * len(lines), LINE)
    last = baselines[-1]
    return FRAME.format(
        content=escape(" ".join(text.text.split())),
        lines="\n".join(filter(None, map(written, lines, baselines))),
        last=last,
        bubble=last - 138 + 14,
        foot=last + 60,
        screen=last + 108,
        frame=last + 124,
        height=last + 126,
    )


def message() -> Styled:
    """What the template makes of a code."""
    catalogue = TemplateFile(ROOT / "templates.yaml", {}).catalogue(None)
    return styled(fill(catalogue.templates["sms"].message, FIELDS, {}))


def wrapped(text: Styled) -> Iterator[list[Run]]:
    """The lines of the bubble."""
    line, length = list[Run](), 0
    for word, look in words(text):
        if word == "\n" or length + len(word) > LONGEST:
            yield line
            line, length, word = [], 0, word.lstrip()
        if word not in ("", ROOM):
            line.append((word, look))
        length += len(word)
    yield line


def words(text: Styled) -> Iterator[Run]:
    """Words with the spaces before them, line breaks, and in the end `ROOM`."""
    looks = dict.fromkeys(LOOKS, "")
    for piece in text.pieces:
        if isinstance(piece, Style):
            looks[piece] = "" if looks.get(piece) else LOOKS.get(piece, "")
        else:
            for word in re.findall(r"\n| *[^ \n]+| +", piece):
                yield word, " ".join(filter(None, looks.values()))
    yield ROOM, ""


def written(line: list[Run], baseline: int) -> str:
    spans = []
    for look, runs in groupby(line, key=lambda run: run[1]):
        text = escape("".join(word for word, _ in runs))
        spans.append(f"<tspan {look}>{text}</tspan>" if look else text)
    return f'<text x="35" y="{baseline}">{"".join(spans)}</text>' if line else ""


def main() -> None:
    PICTURE.write_text(draw(message()), encoding="utf-8")


if __name__ == "__main__":
    main()
