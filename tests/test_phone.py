import tracemalloc

import pytest

from app import phone

ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    "spelling",
    [
        "+4915100000001",
        " +4915100000001\n",
        "004915100000001",
        "0049 (151) 000-00001",
        "+49 (0) 151 00000001",
        "+49.151/00000001",
        "+49\u00a0151\u201100000001",
        "0151 00000001",
        "15100000001",
        "+٤٩١٥١٠٠٠٠٠٠٠١",
        "\uff0b\uff14\uff1915100000001",
        "٠٠4915100000001",
    ],
)
def test_any_usual_spelling_of_a_number_becomes_e164(spelling: str) -> None:
    assert phone.recipient(spelling, "DE") == "+4915100000001"


def test_the_region_reads_a_number_without_a_country_code() -> None:
    assert phone.e164("(202) 555-0123", "US") == "+12025550123"


def test_without_a_region_a_national_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^not a phone number$"):
        phone.recipient("0151 00000001", None)


def test_a_number_that_the_metadata_does_not_know_is_enough_if_possible() -> None:
    assert phone.e164("+4919900000001") == "+4919900000001"


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        (ACI.upper(), ACI),
        ("name.01", "name.01"),
        ("u:name.01", "name.01"),
        (" _Name_2.123 ", "_name_2.123"),
        ("group.YWJjZA==", "group.YWJjZA=="),
    ],
)
def test_an_account_a_user_name_and_a_group_are_recipients(
    value: str, canonical: str
) -> None:
    assert phone.recipient(value, None) == canonical


@pytest.mark.parametrize(
    "value",
    [
        "",
        "foo",
        "-g",
        "--help",
        "-1",
        "- 12",
        "112",
        "+1",
        "+1234",
        "+49+15100000001",
        "+0049151",
        "9" * 64,
        "9" * 100_000,
        "+49151\ud800",
        "+4915100000001;ext=5",
        "tel:+4915100000001",
        "+4915100000001 --help",
        "hash:" + "0" * 64,
        f"PNI:{ACI}",
        f"{ACI}0",
        "name",
        "näme.01",
        "name.0",
        "1name.01",
        "--name.01",
        "group.",
        "group.====",
        "group.YWJjZA",
        "group.YWJjZ",
        "group.../../x",
    ],
)
def test_anything_else_is_no_recipient(value: str) -> None:
    with pytest.raises(ValueError):
        phone.recipient(value, "DE")


@pytest.mark.parametrize("value", ["name.01", "group.YWJjZA==", ACI])
def test_only_a_number_can_be_a_sender(value: str) -> None:
    with pytest.raises(ValueError, match=r"^not a phone number$"):
        phone.e164(value)


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("+4915100000678", "+49…678"),
        ("group.YWJjZA==", "gro…A=="),
        ("name.001", "…"),
    ],
)
def test_a_log_shows_the_ends_of_a_recipient_that_is_long_enough(
    recipient: str, shown: str
) -> None:
    assert phone.masked(recipient) == shown


@pytest.mark.parametrize("number", ["+49 8889 24674576864", "+6288427845095654742"])
def test_no_number_is_longer_than_e164_allows(number: str) -> None:
    with pytest.raises(ValueError):
        phone.e164(number)


def test_what_stands_around_a_number_is_not_kept() -> None:
    tracemalloc.start()
    for number in range(100):
        spelling = " " * 100_000 + f"+49151123456{number:02}"
        assert phone.recipient(spelling, None) == spelling.strip()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000
