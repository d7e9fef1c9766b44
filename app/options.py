"""Signal's own options in a payload, which travel on: checked, and refused where they make no sense."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import GatewayError

_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,=]*=[^;]*)*);base64,", re.IGNORECASE)
_FILE_NAME = re.compile(r";filename=([^;]*)", re.IGNORECASE)
_MIME_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*")
_UNSAFE_IN_NAME = re.compile(r"[^\w .()+-]")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Options:
    """``styled`` tells how the caller's own text is to be read, ``values`` are sent on as they are."""

    styled: bool
    values: Mapping[str, Any]

    @property
    def has_content(self) -> bool:
        """Whether there is something to send even without a text."""
        return bool(self.values.get("base64_attachments") or self.values.get("sticker"))


def read_options(payload: Mapping[str, Any]) -> Options:
    values = {}
    for name, value in payload.items():
        if value is None or name not in _KINDS:
            continue
        is_valid, kind = _KINDS[name]
        if not is_valid(value):
            raise GatewayError("bad_request", hint=f"its '{name}' must be {kind}")
        values[name] = value
    styled = values.pop("text_mode", "") == "styled"
    if "base64_attachments" in values:
        values["base64_attachments"] = [
            _attachment(text) for text in values["base64_attachments"]
        ]
    return Options(styled, values)


def _attachment(text: str) -> str:
    """``text`` with a file name that cannot leave its folder: signal-cli-rest-api joins it to a path."""
    head = _DATA_URI.match(text)
    content = "".join((text[head.end() :] if head else text).split())
    try:
        if not base64.b64decode(content, validate=True):
            raise ValueError("empty")
    except ValueError as error:
        hint = "an attachment is no base64 and no data: address with base64"
        raise GatewayError("bad_request", hint=hint) from error
    if not head:
        return content
    mime = head[1] if _MIME_TYPE.fullmatch(head[1]) else "application/octet-stream"
    name = _FILE_NAME.search(head[2])
    safe_name = _safe_name(name[1]) if name else ""
    return (
        f"data:{mime};{f'filename={safe_name};' if safe_name else ''}base64,{content}"
    )


def _safe_name(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    return _UNSAFE_IN_NAME.sub("_", last)[-_LONGEST_NAME:].lstrip(".-")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_argument(value: Any) -> bool:
    """A text that the command line behind signal-cli-rest-api cannot take for an option."""
    return isinstance(value, str) and not value.startswith("-") and "\0" not in value


def _is_text_mode(value: Any) -> bool:
    return value in ("", "normal", "styled")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_mentions(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_mention, value))


def _is_mention(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"start", "length", "author"}
        and _is_time(value["start"])
        and _is_time(value["length"])
        and _is_argument(value["author"])
    )


def _is_preview(value: Any) -> bool:
    allowed = {"url", "title", "description", "base64_thumbnail"}
    return (
        isinstance(value, dict)
        and set(value) <= allowed
        and all(map(_is_argument, value.values()))
    )


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text_mode": (_is_text_mode, "'normal' or 'styled'"),
    "notify_self": (_is_flag, "true or false"),
    "base64_attachments": (_is_list_of_texts, "a list of texts"),
    "link_preview": (
        _is_preview,
        "an object with url, title, description and base64_thumbnail",
    ),
    "view_once": (_is_flag, "true or false"),
    "mentions": (_is_mentions, "a list of objects with start, length and author"),
    "quote_timestamp": (_is_time, "a whole number"),
    "quote_author": (_is_argument, "a text that does not begin with '-'"),
    "quote_message": (_is_argument, "a text that does not begin with '-'"),
    "quote_mentions": (_is_mentions, "a list of objects with start, length and author"),
    "edit_timestamp": (_is_time, "a whole number"),
    "sticker": (_is_argument, "a text like packId:stickerId"),
}
