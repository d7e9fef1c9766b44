"""How the mobile numbers of every region are read: ``python -m tests.regions`` prints the table.

Each spelling of a hundred numbers of each region is read with that region as DEFAULT_REGION, and
with none. A cell counts ``wrong/refused``: those that became another number, and those refused.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from app import phone

REGIONS = sorted(
    phonenumbers.SUPPORTED_REGIONS - {"TA"}
)  # nothing mobile is known there
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
WITH_COUNTRY = ("international", "with 00")
WITHOUT_PLUS = ("plus-less", "plus-less integer")
NATIONAL = ("national", "national integer", "no trunk zero")
SPELLINGS = WITH_COUNTRY + WITHOUT_PLUS + NATIONAL


def mobile_numbers(region: str, how_many: int) -> list[str]:
    """As E.164, the same each time: a walk that begins at the example of the metadata."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example
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
    is_whole = phonenumbers.format_number(number, PhoneNumberFormat.E164) == text
    is_from_there = phonenumbers.is_valid_number_for_region(number, region)
    return is_whole and is_from_there and phonenumbers.number_type(number) in MOBILE


def spellings(number: str) -> Iterator[tuple[str, str | int]]:
    parsed = phonenumbers.parse(number)
    formatted = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    digits = phonenumbers.normalize_digits_only(national)
    yield "international", formatted
    yield "with 00", f"00{number[1:]}"
    yield "plus-less", number[1:]
    yield "plus-less integer", int(number)
    yield "national", national
    yield "national integer", int(digits)
    if digits.startswith("0") and not number.endswith(digits):
        yield "no trunk zero", digits[1:]


def outcome(number: str, spelling: str | int, region: str | None) -> str:
    try:
        if isinstance(spelling, int):
            found = phone.integer(spelling, region)
        else:
            found = phone.recipient(spelling, region)
    except phone.NotANumber:
        return "refused"
    return "right" if found == number else "wrong"


def count(numbers: list[str], region: str | None) -> Counter[tuple[str, str]]:
    """How often a spelling has an outcome."""
    return Counter(
        (name, outcome(number, spelling, region))
        for number in numbers
        for name, spelling in spellings(number)
    )


def row(title: str, counted: Counter[tuple[str, str]]) -> str:
    cells = (
        f"{counted[name, 'wrong']}/{counted[name, 'refused']}" for name in SPELLINGS
    )
    return f"{title:8}" + "".join(f"{cell:>18}" for cell in cells)


def main() -> None:
    sums: dict[str, Counter[tuple[str, str]]] = {"own": Counter(), "none": Counter()}
    print(f"{'':8}" + "".join(f"{name:>18}" for name in SPELLINGS))
    for region in REGIONS:
        numbers = mobile_numbers(region, 100)
        own = count(numbers, region)
        print(row(region, own))
        sums["own"].update(own)
        sums["none"].update(count(numbers, None))
    for title, counted in sums.items():
        print(row(title, counted))
    read = Counter(name for name, _ in sums["own"].elements())
    print(f"{'read':8}" + "".join(f"{read[name]:>18}" for name in SPELLINGS))


if __name__ == "__main__":
    main()
