"""Who gets a message and who sends it: a payload's values to canonical numbers."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app import phone
from app.errors import GatewayError
from app.fields import clean

MOST_RECIPIENTS = 50
LONGEST_SHOWN = 40  # characters of a value that an answer repeats

# A variable of templates.yaml; with two braces and a dot as the guides of another gateway write it.
VARIABLE = re.compile(r"\{\{?\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*\}?\}")


def read_recipients(
    value: Any, variables: Mapping[str, str], region: str | None
) -> tuple[str, ...]:
    """Canonical recipients, each once, in their order. A text may hold several, separated by commas."""
    entries = value if isinstance(value, list) else [] if value is None else [value]
    texts: list[str] = []
    for entry in entries:
        texts += _split(entry, variables)
    if len(texts) > MOST_RECIPIENTS:
        raise GatewayError(
            "bad_request",
            hint=f"it has {len(texts)} recipients, and {MOST_RECIPIENTS} is the most",
        )
    return tuple(dict.fromkeys(_recipient(text, region) for text in texts))


def _split(entry: Any, variables: Mapping[str, str]) -> list[str]:
    text = _as_text(entry)
    if text is None:
        hint = "its recipients are neither texts nor numbers"
        raise GatewayError("bad_request", hint=hint)
    placeholder = VARIABLE.fullmatch(text.strip())
    return split_texts(variables.get(placeholder[1], text) if placeholder else text)


def _as_text(value: Any) -> str | None:
    """A number that came as one is read as digits after a plus."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"+{value}"[:LONGEST_SHOWN] if abs(value) < 10**LONGEST_SHOWN else "+"
    return value if isinstance(value, str) else None


def split_texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if clean(part)]


def _recipient(text: str, region: str | None) -> str:
    try:
        return phone.recipient(text, region)
    except ValueError as error:
        raise GatewayError(
            "invalid_recipient", value=clean(text)[:LONGEST_SHOWN]
        ) from error


def read_sender(value: Any, variables: Mapping[str, str]) -> str | None:
    """The number asked for. Any text that is none means the default: authentik's field is free text."""
    text = _as_text(value) or ""
    placeholder = VARIABLE.fullmatch(text.strip())
    return _number(variables.get(placeholder[1], "") if placeholder else text)


@lru_cache(maxsize=64)  # the organisation's own numbers, the same in every request
def _number(text: str) -> str | None:
    try:
        return phone.e164(text)
    except ValueError:
        return None
