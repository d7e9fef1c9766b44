"""Who gets a message and who sends it: a payload's values to canonical numbers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import phone
from app.errors import GatewayError, bad_request
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


def is_absent(value: Any) -> bool:
    """Whether ``value`` is null, an empty list or a text of which nothing would be seen."""
    return value in (None, []) or (isinstance(value, str) and is_blank(value))


def read_recipients(
    key: str, value: Any, variables: Mapping[str, str], region: str | None
) -> Recipients:
    """Each recipient once, in the order of the payload.

    Under ``recipients`` a text may hold several, separated by commas, and each may be a
    variable. Under any other key is what somebody typed: one recipient and no more.
    """
    if isinstance(value, str) and key == "recipients":
        value = split_texts(value)
    typed: list[str | int] = []
    private: list[str] = []
    for entry in value if isinstance(value, list) else [value]:
        if is_absent(entry):
            continue
        if type(entry) not in (str, int):
            raise bad_request("its recipients are neither texts nor numbers")
        named = VARIABLE.fullmatch(str(entry).strip())
        if named and key == "recipients":
            private += _variable(named[1], variables)
        else:
            typed.append(entry)
    how_many = len(typed) + len(private)
    if how_many > MOST_RECIPIENTS:
        raise bad_request(
            f"it has {how_many} recipients; {MOST_RECIPIENTS} is the most"
        )
    return recipients_of(typed, private, region)


def _variable(name: str, variables: Mapping[str, str]) -> list[str]:
    try:
        return [phone.recipient(text, None) for text in split_texts(variables[name])]
    except (KeyError, phone.NotANumber) as error:
        hint = f"templates.yaml has no variable '{name}' with recipients in it"
        raise bad_request(hint) from error


def recipients_of(
    typed: Iterable[str | int], private: Iterable[str], region: str | None
) -> Recipients:
    """``private`` are canonical ones of the configuration, which no answer may name."""
    shown: dict[str, str] = {}
    errors: dict[str, GatewayError] = {}
    for value in typed:
        try:
            recipient = phone.recipient(value, region)
            shown[recipient] = recipient
        except phone.NotANumber as error:
            name = clean(str(value)[: 2 * LONGEST_SHOWN])[:LONGEST_SHOWN]
            errors[name] = GatewayError(str(error), value=name)
    for recipient in private:
        shown.setdefault(recipient, phone.masked(recipient))
    return Recipients(shown, errors)


def split_texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if not is_blank(part)]


def read_sender(value: Any, variables: Mapping[str, str]) -> str | None:
    """The number asked for. Any text that is none means the default: authentik's is free text."""
    if value is not None and type(value) not in (str, int):
        raise bad_request("its 'number' is neither a text nor a number")
    text = f"+{value}" if isinstance(value, int) else value or ""
    named = VARIABLE.fullmatch(text.strip())
    try:
        return phone.number(variables.get(named[1], "") if named else text)
    except phone.NotANumber:
        return None
