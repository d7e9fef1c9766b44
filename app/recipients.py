"""Who gets a message and who sends it: a payload's values to canonical numbers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import phone
from app.errors import GatewayError
from app.fields import clean, is_blank

MOST_RECIPIENTS = 50
LONGEST_SHOWN = 40  # characters of a value that an answer repeats
# A variable of templates.yaml; with two braces and a dot as other gateways write it.
VARIABLE = re.compile(r"\{\{?\s*\.?([A-Za-z_][A-Za-z0-9_]*)\s*\}?\}")


@dataclass(frozen=True)
class Recipients:
    """Canonical recipients by what an answer may call them, and what is none, as it came.

    ``note`` is for the log.
    """

    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, GatewayError] = field(default_factory=dict, repr=False)
    note: str = ""


def read_recipients(
    key: str, value: Any, variables: Mapping[str, str], region: str | None
) -> Recipients:
    """Each recipient once, in the order of the payload.

    Under ``recipients`` a text may hold several, separated by commas, and a text or an entry
    may be a variable. Under any other key is what somebody typed: one recipient and no more.
    """
    entries = value if isinstance(value, list) else [value]
    typed: list[str | int] = []
    private: list[str] = []
    for entry in entries:
        named = VARIABLE.fullmatch(entry.strip()) if isinstance(entry, str) else None
        if named and key == "recipients":
            private += _variable(named[1], variables)
        elif isinstance(entry, str) and key == "recipients" and entry is value:
            typed += split_texts(entry)
        elif isinstance(entry, (str, int)) and not isinstance(entry, bool):
            typed += [] if isinstance(entry, str) and is_blank(entry) else [entry]
        elif entry is not None:
            raise _refusal("its recipients are neither texts nor numbers")
    if len(typed) + len(private) > MOST_RECIPIENTS:
        number = len(typed) + len(private)
        raise _refusal(f"it has {number} recipients; {MOST_RECIPIENTS} is the most")
    return recipients_of(typed, private, region)


def _variable(name: str, variables: Mapping[str, str]) -> list[str]:
    if name not in variables:
        raise _refusal(f"templates.yaml has no variable '{name}' for a recipient")
    try:
        return [phone.recipient(text, None) for text in split_texts(variables[name])]
    except phone.NotANumber as error:
        raise _refusal(f"no recipient stands in the variable '{name}'") from error


def recipients_of(
    typed: Iterable[str | int], private: Iterable[str], region: str | None
) -> Recipients:
    """``private`` are canonical ones of the configuration, which no answer may name."""
    shown: dict[str, str] = {}
    errors: dict[str, GatewayError] = {}
    for text in typed:
        try:
            recipient = _recipient(text, region)
            shown[recipient] = recipient
        except phone.NotANumber as error:
            is_unclear = isinstance(error, phone.Ambiguous)
            kind = "ambiguous_recipient" if is_unclear else "invalid_recipient"
            name = clean(str(text)[: 2 * LONGEST_SHOWN])[:LONGEST_SHOWN]
            errors[name] = GatewayError(kind, value=name)
    for recipient in private:
        shown.setdefault(recipient, phone.masked(recipient))
    return Recipients(shown, errors)


def _recipient(value: str | int, region: str | None) -> str:
    if isinstance(value, int):
        return phone.integer(value, region)
    return phone.recipient(value, region)


def split_texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if not is_blank(part)]


def read_sender(value: Any, variables: Mapping[str, str]) -> str | None:
    """The number asked for. Any text that is none means the default: authentik's is free text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
        raise _refusal("its 'number' is neither a text nor a number")
    text = f"+{value}" if isinstance(value, int) else value or ""
    named = VARIABLE.fullmatch(text.strip())
    number = variables.get(named[1], "") if named else text
    try:
        return phone.e164(number)
    except phone.NotANumber:
        return None


def _refusal(hint: str) -> GatewayError:
    return GatewayError("bad_request", hint=hint)
