"""How numbers of every country are read: ``python -m tests.regions`` counts all and prints a table.

Each spelling of a hundred mobile numbers of each region is read under that region, and under none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from app import phone

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class Count(NamedTuple):
    spelling: str
    region: str | None  # the DEFAULT_REGION
    outcome: str  # right, wrong, refused


def mobile_numbers(region: str, how_many: int) -> list[str]:
    """As E.164, the same ones each time: a walk from the example of the metadata."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if example is None:
        return []
    random = Random(region)
    last = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    found = {last: None}
    while len(found) < how_many:
        step = with_other_digits(last, random)
        if is_mobile(step, region):
            last = step
            found[last] = None
    return list(found)


def with_other_digits(number: str, random: Random) -> str:
    digits = list(number)
    for place in random.choices(range(2, len(number)), k=3):
        digits[place] = random.choice("0123456789")
    return "".join(digits)


def is_mobile(text: str, region: str) -> bool:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return False
    is_as_written = phonenumbers.format_number(number, PhoneNumberFormat.E164) == text
    is_from_there = phonenumbers.is_valid_number_for_region(number, region)
    return (
        is_as_written and is_from_there and phonenumbers.number_type(number) in MOBILE
    )


def spellings(number: str) -> Iterator[tuple[str, str | int]]:
    parsed = phonenumbers.parse(number)
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    digits = phonenumbers.normalize_digits_only(national)
    yield "international", phonenumbers.format_number(
        parsed, PhoneNumberFormat.INTERNATIONAL
    )
    yield "00", f"00{number[1:]}"
    yield "plus-less", number[1:]
    yield "plus-less integer", int(number)
    yield "national", national
    yield "national integer", int(digits)
    if digits.startswith("0") and not number.endswith(digits):
        yield "without trunk zero", digits[1:]


def outcome(number: str, spelling: str | int, region: str | None) -> str:
    read = phone.integer if isinstance(spelling, int) else phone.recipient
    try:
        return "right" if read(spelling, region) == number else "wrong"  # type: ignore[operator]
    except phone.NotANumber:
        return "refused"


def counts(regions: Iterable[str], how_many: int) -> Counter[tuple[str, str, str]]:
    """How often each spelling, under its ``own`` region or ``none``, has which outcome."""
    found: Counter[tuple[str, str, str]] = Counter()
    for region in regions:
        for number in mobile_numbers(region, how_many):
            for name, spelling in spellings(number):
                found[name, "own", outcome(number, spelling, region)] += 1
                found[name, "none", outcome(number, spelling, None)] += 1
    return found
