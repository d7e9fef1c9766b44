"""How the mobile numbers of every region are read: ``python -m tests.regions`` prints the table.

Each spelling of a hundred numbers of each region is read with that region as DEFAULT_REGION, and
with none. A cell counts ``wrong/refused``: those that became another number, and those refused.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from app import phone

# Nothing mobile is known in TA.
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS - {"TA"})
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
SPELLINGS = (
    "international, with 00, plus-less, plus-less integer, national, national integer,"
    " no trunk zero"
).split(", ")
Counted = Counter[tuple[str, str]]  # how often a spelling has an outcome


def mobile_numbers(region: str, how_many: int) -> list[str]:
    """As E.164, the same each time: a walk that begins at the example of the metadata."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example
    random = Random(region)
    last = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    found = {last: None}
    while len(found) < how_many:
        digits = list(last)
        for place in random.choices(range(2, len(last)), k=3):
            digits[place] = random.choice("0123456789")
        if is_mobile("".join(digits), region):
            last = "".join(digits)
            found[last] = None
    return list(found)


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
        found = phone.recipient(spelling, region)
    except phone.NotANumber:
        return "refused"
    return "right" if found == number else "wrong"


def count(numbers: list[str], region: str | None) -> Counted:
    return Counter(
        (name, outcome(number, spelling, region))
        for number in numbers
        for name, spelling in spellings(number)
    )


def show(title: str, cells: Iterable[object]) -> None:
    print(f"{title:8}" + "".join(f"{cell:>18}" for cell in cells))


def main() -> None:
    numbers = {region: mobile_numbers(region, 100) for region in REGIONS}
    rows = {region: count(found, region) for region, found in numbers.items()}
    rows["own"] = sum(rows.values(), Counted())
    rows["none"] = count(sum(numbers.values(), []), None)
    show("", SPELLINGS)
    for title, row in rows.items():
        show(title, (f"{row[x, 'wrong']}/{row[x, 'refused']}" for x in SPELLINGS))
    read = Counter(name for name, _ in rows["own"].elements())
    show("read", (read[name] for name in SPELLINGS))


if __name__ == "__main__":
    main()
