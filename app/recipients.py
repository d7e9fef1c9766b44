"""Who gets a message and who sends it: a payload's values to canonical numbers."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app import phone
from app.errors import GatewayError
from app.fields import clean, is_blank

MOST_RECIPIENTS = 50
LONGEST_SHOWN = 40  # characters of a value that an answer repeats

# A variable of templates.yaml; with two braces and a dot as the guides of another gateway write it.
VARIABLE = re.compile(r"\{\{?\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*\}?\}")


def read_recipients(
    key: str, value: Any, variables: Mapping[str, str], region: str | None
) -> tuple[str, ...]:
    """Canonical recipients, each once, in their order.

    Under ``recipients`` a text may hold several, separated by commas, and a text or an entry of a
    list may be a variable. Under any other key stands what somebody typed: one recipient and no more.
    """
    entries = value if isinstance(value, list) else [] if value is None else [value]
    texts: list[str] = []
    for entry in entries:
        text = _as_text(entry)
        if text is None:
            hint = "its recipients are neither texts nor numbers"
            raise GatewayError("bad_request", hint=hint)
        named = VARIABLE.fullmatch(text.strip()) if key == "recipients" else None
        if named and named[1] in variables:
            texts += split_texts(variables[named[1]])
        elif key == "recipients" and not isinstance(value, list):
            texts += split_texts(text)
        else:
            texts.append(text)
    if len(texts) > MOST_RECIPIENTS:
        hint = f"it has {len(texts)} recipients, and {MOST_RECIPIENTS} is the most"
        raise GatewayError("bad_request", hint=hint)
    return tuple(dict.fromkeys(_recipient(text, region) for text in texts))


def _as_text(value: Any) -> str | None:
    """A number that came as one is read as digits after a plus."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"+{value}" if 0 <= value < 10**LONGEST_SHOWN else "?"
    return value if isinstance(value, str) else None


def split_texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if not is_blank(part)]


def _recipient(text: str, region: str | None) -> str:
    try:
        return phone.recipient(text, region)
    except ValueError as error:
        raise GatewayError(
            "invalid_recipient", value=clean(text)[:LONGEST_SHOWN]
        ) from error


def read_sender(key: str, value: Any, variables: Mapping[str, str]) -> str | None:
    """The number asked for. Any text that is none means the default: authentik's field is free text."""
    text = _as_text(value)
    if (
        text is None and value is not None and key != "sender"
    ):  # others' hooks have an object there
        raise GatewayError(
            "bad_request", hint=f"its '{key}' is neither a text nor a number"
        )
    named = VARIABLE.fullmatch(text.strip()) if text else None
    number = variables.get(named[1]) if named else text
    return _number(number) if number and len(number) <= LONGEST_SHOWN else None


@lru_cache(maxsize=64)  # the organisation's own numbers, the same in every request
def _number(text: str) -> str | None:
    try:
        return phone.e164(text)
    except ValueError:
        return None
