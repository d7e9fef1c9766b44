"""Who gets a message and who sends it: a payload's values to canonical numbers."""

import re
from collections.abc import Mapping
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
    if isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < 10**15:
        return [f"+{entry}"]
    if not isinstance(entry, str):
        raise GatewayError(
            "bad_request", hint="its recipients are neither texts nor numbers"
        )
    placeholder = VARIABLE.fullmatch(entry.strip())
    return split_texts(variables.get(placeholder[1], entry) if placeholder else entry)


def split_texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _recipient(text: str, region: str | None) -> str:
    try:
        return phone.recipient(text, region)
    except ValueError as error:
        raise GatewayError(
            "invalid_recipient", value=clean(text)[:LONGEST_SHOWN]
        ) from error


def read_sender(value: Any, variables: Mapping[str, str]) -> str | None:
    """The number asked for. Any text that is none means the default: authentik's field is free text."""
    if not isinstance(value, str):
        return None
    placeholder = VARIABLE.fullmatch(value.strip())
    try:
        return phone.e164(variables.get(placeholder[1], "") if placeholder else value)
    except ValueError:
        return None
