"""Signal's own options in a payload, which travel on: checked, and refused where they make no sense."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import GatewayError

_DATA_URI = re.compile(r"data:([^;,]*)(?:;filename=([^;,]*))?;base64,", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r"[^\w .()+-]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True)
class Options:
    """``styled`` tells how the caller's own text is to be read, ``values`` are sent on as they are."""

    styled: bool
    values: Mapping[str, Any]

    @property
    def has_content(self) -> bool:
        """Whether there is something to send even without a text."""
        return any(
            name in self.values
            for name in ("base64_attachments", "sticker", "quote_timestamp")
        )


def read_options(payload: Mapping[str, Any]) -> Options:
    values = {}
    for name, (is_valid, kind) in _KINDS.items():
        value = payload.get(name)
        if value is None:
            continue
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
    content = text[head.end() :] if head else text
    if not _BASE64.fullmatch(content) or not content:
        raise GatewayError(
            "bad_request",
            hint="an attachment is no base64 and no data: address with base64",
        )
    if not head:
        return content
    name = _UNSAFE_IN_NAME.sub("_", re.split(r"[/\\]", head[2] or "")[-1]).lstrip(".")[
        -100:
    ]
    mime = (
        head[1]
        if re.fullmatch(r"[\w.+-]+/[\w.+-]+", head[1])
        else "application/octet-stream"
    )
    return f"data:{mime};{f'filename={name};' if name else ''}base64,{content}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


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
        and _is_text(value["author"])
    )


def _is_preview(value: Any) -> bool:
    allowed = {"url", "title", "description", "base64_thumbnail"}
    return (
        isinstance(value, dict)
        and set(value) <= allowed
        and all(map(_is_text, value.values()))
    )


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text_mode": (_is_text, "'normal' or 'styled'"),
    "notify_self": (_is_flag, "true or false"),
    "base64_attachments": (_is_list_of_texts, "a list of texts"),
    "link_preview": (
        _is_preview,
        "an object with url, title, description and base64_thumbnail",
    ),
    "view_once": (_is_flag, "true or false"),
    "mentions": (_is_mentions, "a list of objects with start, length and author"),
    "quote_timestamp": (_is_time, "a whole number"),
    "quote_author": (_is_text, "a text"),
    "quote_message": (_is_text, "a text"),
    "quote_mentions": (_is_mentions, "a list of objects with start, length and author"),
    "edit_timestamp": (_is_time, "a whole number"),
    "sticker": (_is_text, "a text like packId:stickerId"),
}
