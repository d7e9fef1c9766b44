"""A model of how signal-cli-rest-api (0.96 and newer) reads ``text_mode: styled``.

One backslash before ``*``, ``~``, a backtick or ``|`` makes that character ordinary, anywhere else a
backslash is itself one. ``*``, ``**``, ``~``, ``||`` and the backtick open a style and close it again,
nested in order. A marker without its partner disappears. What is ambiguous there, so that versions
differ, is an error here: three asterisks in a row, and a marker directly after an escaped ``*`` or
``|`` or after a backslash.
"""

import re

_TOKEN = re.compile(r"\\([*~`|])|(\*+|\|\||~|`)|([^\\])|(\\)", re.DOTALL)
_NAMES = {
    "*": "ITALIC",
    "**": "BOLD",
    "~": "STRIKETHROUGH",
    "||": "SPOILER",
    "`": "MONOSPACE",
}


class Ambiguous(AssertionError):
    """The server's versions would not agree on this."""


def read_markup(source: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text and its spans: start and length in characters, and the style's name."""
    text, spans, opened, before = "", [], list[tuple[str, int]](), ""
    for token in _TOKEN.finditer(source):
        escaped, marker, ordinary, backslash = token.groups()
        if marker:
            if len(marker) > 2 or before in ("*", "|", "\\"):
                raise Ambiguous(source)
            if opened and opened[-1][0] == marker:
                start = opened.pop()[1]
                spans.append((start, len(text) - start, _NAMES[marker]))
            else:
                opened.append((marker, len(text)))
            before = ""
        else:
            before = escaped or backslash or ""
            text += escaped or ordinary or backslash
    if opened:
        raise Ambiguous(source)
    return text, spans
