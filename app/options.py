"""Signal's own options in a payload, which travel on.

Each has a strict form, so that no text of a caller can come back in a server's error and be
taken for what became of the message.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import phone
from app.errors import GatewayError

_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,=]*=[^;]*)*);base64,", re.IGNORECASE)
_FILE_NAME = re.compile(r";filename=([^;]*)", re.IGNORECASE)
_MIME_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*")
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
        return bool(self.values.get("base64_attachments") or self.values.get("sticker"))

    def check(self, text: str) -> None:
        """Refuse what signal-cli-rest-api refuses and the daemon sends all the same."""
        if self.values.get("view_once") and "base64_attachments" not in self.values:
            raise _unreadable("its 'view_once' needs an attachment")
        preview = self.values.get("link_preview")
        if preview and not (preview.get("title") and preview.get("url", "") in text):
            raise _unreadable(
                "its 'link_preview' needs a title, and its url in the text"
            )


def read_options(payload: Mapping[str, Any]) -> Options:
    """Signal's options in a payload; raises ``bad_request`` for one in the wrong form."""
    values = {}
    for name, value in payload.items():
        if value is None or name not in _FORMS:
            continue
        read, form = _FORMS[name]
        try:
            values[name] = read(value)
        except (ValueError, TypeError, KeyError) as error:
            raise _unreadable(f"its '{name}' must be {form}") from error
    if values.get("base64_attachments") == []:
        del values["base64_attachments"]
    styled = values.pop("text_mode", None)
    return Options(styled == "styled" if styled else None, values)


def _unreadable(hint: str) -> GatewayError:
    return GatewayError("bad_request", hint=hint)


def _attachment(text: str) -> str:
    """``text`` with a file name that cannot leave its folder: the server joins it to a path."""
    head = _DATA_URI.match(text)
    content = "".join((text[head.end() :] if head else text).split())
    if not base64.b64decode(content, validate=True):
        raise ValueError("empty")
    if not head:
        return content
    mime = head[1] if _MIME_TYPE.fullmatch(head[1]) else "application/octet-stream"
    found = _FILE_NAME.search(head[2])
    last = re.split(r"[/\\]", found[1])[-1] if found else ""
    name = re.sub(r"[^\w.\- ]", "_", last)[-_LONGEST_NAME:].lstrip(".-")
    return f"data:{mime};{f'filename={name};' if name else ''}base64,{content}"


def _of(kind: type, is_valid: Callable[[Any], object]) -> Callable[[Any], Any]:
    """Reads a value of this type that is valid."""

    def read(value: Any) -> Any:
        if type(value) is not kind or not is_valid(value):
            raise ValueError("in another form")
        return value

    return read


def _matching(pattern: str) -> Callable[[Any], Any]:
    return _of(str, re.compile(pattern).fullmatch)


_flag = _of(bool, lambda value: True)
_time = _of(int, lambda value: 0 <= value < 2**63)
_list = _of(list, lambda value: True)
_argument = _of(str, lambda value: not value.startswith("-") and "\0" not in value)


def _author(value: Any) -> str:
    return phone.recipient(_argument(value), None)


def _mentions(value: Any) -> list[dict[str, Any]]:
    form = {"start": _time, "length": _time, "author": _author}
    if any(set(entry) != set(form) for entry in _list(value)):
        raise ValueError("other keys")
    return [{key: read(entry[key]) for key, read in form.items()} for entry in value]


def _preview(value: Any) -> dict[str, str]:
    allowed = {"url", "title", "description", "base64_thumbnail"}
    preview = _of(dict, lambda value: set(value) <= allowed)(value)
    _matching(r"https://\S+")(preview["url"])
    return {key: _argument(text) for key, text in preview.items()}


_MENTIONS = "a list of objects with start, length and author, a phone number"
_FORMS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "text_mode": (_matching("normal|styled|"), "'normal' or 'styled'"),
    "notify_self": (_flag, "true or false"),
    "base64_attachments": (
        lambda value: [_attachment(text) for text in _list(value)],
        "a list of base64 or data: addresses",
    ),
    "link_preview": (_preview, "an object with an https url, a title and more"),
    "view_once": (_flag, "true or false"),
    "mentions": (_mentions, _MENTIONS),
    "quote_timestamp": (_time, "a whole number"),
    "quote_author": (_author, "a phone number or another recipient"),
    "quote_message": (_argument, "a text that does not begin with '-'"),
    "quote_mentions": (_mentions, _MENTIONS),
    "edit_timestamp": (_time, "a whole number"),
    "sticker": (_matching(r"[0-9A-Fa-f]{1,64}:[0-9]{1,9}"), "like 0a1b2c:3"),
}
