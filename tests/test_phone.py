from base64 import b64encode

import pytest

from app import phone

ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"
LINK = "https://signal.me/#eu/aBcDeF123_-"
GROUP_ID = bytes(range(224, 256))  # with a + and a / in its base64


SPELLINGS = """
+4915100000001
004915100000001
0049 (151) 000-00001
+49 (0) 151 00000001
+49.151/00000001
+49\u00a0151\u201100000001
0151 00000001
15100000001
+٤٩١٥١٠٠٠٠٠٠٠١
\uff0b\uff14\uff1915100000001
٠٠4915100000001
++4915100000001
tel:+49-151-00000001
4915100000001
"""


@pytest.mark.parametrize("spelling", SPELLINGS.strip().split("\n"))
def test_any_usual_spelling_of_a_number_becomes_e164(spelling: str) -> None:
    assert phone.recipient(f" {spelling}\n", "DE") == "+4915100000001"


@pytest.mark.parametrize(
    ("value", "region", "number"),
    [
        ("(202) 555-0123", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("912 345 67 89", "RU", "+79123456789"),
        ("0011 49 151 12345678", "AU", "+4915112345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("20 123 4567", "HU", "+36201234567"),
        # just the plus is missing
        ("4915112345678", "DE", "+4915112345678"),
        ("447400123456", "DE", "+447400123456"),
        ("5215512345678", "US", "+5215512345678"),
        ("tel:447400123456", "GB", "+447400123456"),
        # so does an integer, or it lacks a zero
        (4915112345678, "DE", "+4915112345678"),
        (4915112345678, None, "+4915112345678"),
        (1601234567, "DE", "+491601234567"),
        (123456789, "CI", "+2250123456789"),
    ],
)
def test_without_its_plus_a_number_is_read_as_its_region_writes_it_or_with_a_plus(
    value: str | int, region: str | None, number: str
) -> None:
    assert phone.recipient(value, region) == number


NONE, AMBIGUOUS = "invalid_recipient", "ambiguous_recipient"


@pytest.mark.parametrize(
    ("value", "region", "problem"),
    [
        ("15123456789", "DE", AMBIGUOUS),  # +49 1512 3456789 or +1 512 345 6789
        ("6082345678", "JP", AMBIGUOUS),  # +81 60 8234 5678 or +60 82 345 678
        ("6031234", "GA", AMBIGUOUS),  # +241 06 03 12 34 or +241 6 03 12 34
        # A way to dial abroad is no country code: +65 8123 4567 or +1 658 123 4567.
        ("0011 65 8123 4567", "AU", AMBIGUOUS),
        # Only a mobile number can do without its country.
        ("030 1234567", "DE", NONE),
        ("0491 5112345678", "DE", NONE),
        ("19900000001", "DE", NONE),
        ("447700900000", "DE", NONE),
        ("4732691234", "GD", NONE),  # a landline there, a mobile in Norway
        ("0151 00000001", None, NONE),
        ("4915112345678", None, NONE),
        *(
            (n, r, NONE)
            for n in (0, -1, 112, 19900000001, -4915112345678)
            for r in ("DE", None)
        ),
        *((n, r, NONE) for n in (10**15, 10**4000) for r in ("DE", None)),
    ],
)
def test_without_its_plus_a_number_that_is_not_certain_is_none(
    value: str | int, region: str | None, problem: str
) -> None:
    with pytest.raises(phone.NotANumber, match=problem):
        phone.recipient(value, region)


@pytest.mark.parametrize("number", ["+4919900000001", "+5215512345678"])
def test_with_its_plus_a_number_may_be_newer_or_older_than_the_metadata(
    number: str,
) -> None:
    assert phone.number(number) == number
    assert phone.number(f"00 {number[1:]}") == number


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        (ACI.upper(), ACI),
        ("name.01", "name.01"),
        ("u:name.01", "name.01"),
        (" _Name_2.123 ", "_name_2.123"),
        ("group.YWJjZA==", "group.YWJjZA=="),
        (LINK, LINK),
    ],
)
def test_an_account_a_user_name_and_a_group_are_recipients(
    value: str, canonical: str
) -> None:
    assert phone.recipient(value, None) == canonical


NO_RECIPIENTS = (
    "foo -g --help -1 112 +1 +1234 +49+15100000001 +0049151 +4915100000001;ext=5 tel:"
    " tel:tel:+4915100000001 tel:+4915100000001;phone-context=+49 +++4915100000001"
    f" +004915100000001 PNI:{ACI} {ACI}0 name näme.01 name.0 1name.01 --name.01"
    " group. group.==== group.YWJjZ group.../../x https://signal.me/#eu/"
    " https://signal.me/#eu/ä https://signal.me/#p/x"
    " https://signal.me.example/#eu/abc http://signal.me/#eu/abc"
)


@pytest.mark.parametrize(
    "value",
    NO_RECIPIENTS.split()
    + ["", "- 12", "9" * 100_000, "+49151\ud800", "+4915100000001 --help"]
    + ["hash:" + "0" * 64, "group." + "A" * 140, "https://signal.me/#eu/" + "a" * 129]
    + ["https://signal.me/#eu/abc\n--help"],
)
def test_anything_else_is_no_recipient(value: str) -> None:
    with pytest.raises(phone.NotANumber):
        phone.recipient(value, "DE")


def test_the_spellings_of_a_group_become_one() -> None:
    inside = b64encode(GROUP_ID).decode()
    assert inside.endswith("8=")
    insides = [inside, inside.rstrip("="), inside[:-2] + "9="]
    insides.append(inside.replace("+", "-").replace("/", "_"))
    outsides = [f"group.{b64encode(text.encode()).decode()}" for text in insides]
    outsides += [text.rstrip("=") for text in outsides]
    assert len(set(outsides)) > 4
    assert {phone.recipient(text, None) for text in outsides} == {outsides[0]}


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [("+4915100000678", "+49…678"), ("group.YWJjZA==", "gro…A=="), ("name.001", "…")],
)
def test_a_log_shows_the_ends_of_a_recipient_that_is_long_enough(
    recipient: str, shown: str
) -> None:
    assert phone.masked(recipient) == shown


NO_SENDERS = ["+49 8889 24674576864", "+6288427845095654742", "name.01", "0151 1234567"]


@pytest.mark.parametrize("value", [*NO_SENDERS, ACI, LINK])
def test_a_sender_has_its_plus_and_is_no_longer_than_e164_allows(value: str) -> None:
    with pytest.raises(phone.NotANumber):
        phone.number(value)
