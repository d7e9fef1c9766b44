"""A sample of the table that ``python -m tests.regions`` prints."""

import pytest

from tests.regions import REGIONS, Counted, count, mobile_numbers

EACH = 5
ALL = EACH * len(REGIONS)


@pytest.fixture(scope="module")
def numbers() -> dict[str, list[str]]:
    return {region: mobile_numbers(region, EACH) for region in REGIONS}


@pytest.fixture(scope="module")
def own(numbers: dict[str, list[str]]) -> Counted:
    return sum((count(numbers[region], region) for region in REGIONS), Counted())


@pytest.mark.parametrize(
    ("spelling", "most_refused"),
    [
        ("international", 0),
        ("with 00", 0.001),
        ("plus-less", 0),
        ("plus-less integer", 0),
        ("national", 0),
        ("national integer", 0.025),
        ("no trunk zero", 0.02),
    ],
)
def test_in_its_own_region_no_number_becomes_another_and_few_are_refused(
    spelling: str, most_refused: float, own: Counted
) -> None:
    assert own[spelling, "right"] > 0
    assert own[spelling, "wrong"] == 0
    assert own[spelling, "refused"] <= most_refused * ALL


def test_without_a_region_a_country_code_is_enough_and_a_text_needs_its_plus(
    numbers: dict[str, list[str]],
) -> None:
    none = count(sum(numbers.values(), []), None)
    for spelling in ("international", "with 00", "plus-less integer"):
        assert none[spelling, "right"] == ALL
    for spelling in ("plus-less", "national", "no trunk zero"):
        assert none[spelling, "refused"] > 0
        assert none[spelling, "right"] == none[spelling, "wrong"] == 0
