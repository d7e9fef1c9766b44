"""A sample of the table that ``python -m tests.regions`` prints."""

from collections import Counter

import pytest

from tests.regions import (
    REGIONS,
    SPELLINGS,
    WITH_COUNTRY,
    WITHOUT_PLUS,
    count,
    mobile_numbers,
)

EACH = 5
Counted = Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def numbers() -> dict[str, list[str]]:
    return {region: mobile_numbers(region, EACH) for region in REGIONS}


@pytest.fixture(scope="module")
def own(numbers: dict[str, list[str]]) -> Counted:
    counted: Counted = Counter()
    for region, some in numbers.items():
        counted.update(count(some, region))
    return counted


@pytest.fixture(scope="module")
def none(numbers: dict[str, list[str]]) -> Counted:
    return count([number for some in numbers.values() for number in some], None)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_becomes_another_number_in_its_own_region(
    own: Counted, spelling: str
) -> None:
    assert own[spelling, "right"] > 0
    assert own[spelling, "wrong"] == 0


@pytest.mark.parametrize("spelling", ["international", "national", *WITHOUT_PLUS])
def test_what_people_usually_write_is_read_in_their_own_region(
    own: Counted, spelling: str
) -> None:
    assert own[spelling, "right"] == EACH * len(REGIONS)


@pytest.mark.parametrize(
    ("spelling", "part"),
    [("with 00", 0.001), ("national integer", 0.025), ("no trunk zero", 0.02)],
)
def test_few_numbers_are_refused_since_they_could_be_two(
    own: Counted, spelling: str, part: float
) -> None:
    assert own[spelling, "refused"] <= part * EACH * len(REGIONS)


@pytest.mark.parametrize("spelling", [*WITH_COUNTRY, "plus-less integer"])
def test_without_a_region_a_country_code_is_enough(
    none: Counted, spelling: str
) -> None:
    assert none[spelling, "right"] == EACH * len(REGIONS)


@pytest.mark.parametrize("spelling", ["plus-less", "national", "no trunk zero"])
def test_without_a_region_a_text_needs_its_plus(none: Counted, spelling: str) -> None:
    assert none[spelling, "refused"] > 0
    assert none[spelling, "right"] == none[spelling, "wrong"] == 0
