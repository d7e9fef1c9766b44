"""Signal's own options in a payload, which travel on.

Each has a strict form, so that no text of a caller can come back in a server's error and be
taken for what became of the message. docs/payloads.md describes the forms.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import phone
from app.errors import bad_request

Reader = Callable[[Any], Any]

_DATA_URI = re.compile(
    r"data:(\w[\w.+-]*/\w[\w.+-]*)?((?:;[^;,=]*=[^;]*)*);base64,", re.IGNORECASE
)
_FILE_NAME = re.compile(r";filename=([^;]*)", re.IGNORECASE)
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Options:
    """``styled`` tells how the caller's own text is to be read, if it says so.

    ``values`` are sent on under the names of signal-cli-rest-api.
    """

    styled: bool | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attachments(self) -> bool:
        """Whether there is a file or a picture."""
        preview = self.values.get("link_preview", {})
        return "base64_attachments" in self.values or "base64_thumbnail" in preview

    @property
    def has_content(self) -> bool:
        """Whether there is something to send even without a text."""
        return "base64_attachments" in self.values or "sticker" in self.values

    def check(self, text: str) -> None:
        """Refuse what signal-cli-rest-api refuses and the daemon sends all the same."""
        if self.values.get("view_once") and "base64_attachments" not in self.values:
            raise bad_request("its 'view_once' needs an attachment")
        if self.values.get("link_preview", {}).get("url", "") not in text:
            raise bad_request("the url of its 'link_preview' must be in the text")


def read_options(payload: Mapping[str, Any]) -> Options:
    """Signal's options in a payload; raises ``bad_request`` for one in the wrong form."""
    values = {}
    for name, read in _READERS.items():
        value = payload.get(name)
        try:
            if value not in (None, "", []):
                values[name] = read(value)
        except (ValueError, TypeError, KeyError) as error:
            hint = f"its '{name}' has another form than in docs/payloads.md"
            raise bad_request(hint) from error
    mode = values.pop("text_mode", None)
    return Options(mode == "styled" if mode else None, values)


def _of(kind: type, is_valid: Callable[[Any], object]) -> Reader:
    """Reads a value of this type that is valid."""

    def read(value: Any) -> Any:
        if type(value) is not kind or not is_valid(value):
            raise ValueError("in another form")
        return value

    return read


def _list(read: Reader) -> Reader:
    """Reads a list of such values."""
    entries = _of(list, lambda value: True)
    return lambda value: [read(entry) for entry in entries(value)]


def _matching(pattern: str) -> Reader:
    return _of(str, re.compile(pattern).fullmatch)


_flag = _of(bool, lambda value: True)
_time = _of(int, lambda value: 0 <= value < 2**63)
_argument = _matching(r"(?!-)[^\0]*")


def _attachment(text: str) -> str:
    """``text`` with a file name that cannot leave its folder: the server joins it to a path."""
    head = _DATA_URI.match(text)
    content = "".join(text[head.end() if head else 0 :].split())
    if not base64.b64decode(content, validate=True):
        raise ValueError("empty")
    if not head:
        return content
    named = _FILE_NAME.search(head[2])
    last = re.split(r"[/\\]", named[1])[-1] if named else ""
    name = re.sub(r"[^\w.\- ]", "_", last)[-_LONGEST_NAME:].lstrip(".-")
    middle = f";filename={name}" if name else ""
    return f"data:{head[1] or 'application/octet-stream'}{middle};base64,{content}"


def _author(value: Any) -> str:
    return phone.recipient(_argument(value), None)


def _mention(value: Any) -> dict[str, Any]:
    form = {"start": _time, "length": _time, "author": _author}
    return {key: read(value[key]) for key, read in form.items()}


def _preview(value: Any) -> dict[str, str]:
    form = {"url": _matching(r"https://\S+"), "title": _matching(r"(?!-)[^\0]+")}
    more = ("description", "base64_thumbnail")
    form |= {key: _argument for key in more if key in value}
    return {key: read(value[key]) for key, read in form.items()}


_READERS: dict[str, Reader] = {
    "text_mode": _matching("normal|styled"),
    "notify_self": _flag,
    "base64_attachments": _list(_attachment),
    "link_preview": _preview,
    "view_once": _flag,
    "mentions": _list(_mention),
    "quote_timestamp": _time,
    "quote_author": _author,
    "quote_message": _argument,
    "quote_mentions": _list(_mention),
    "edit_timestamp": _time,
    "sticker": _matching(r"[0-9A-Fa-f]{1,64}:[0-9]{1,9}"),
}
