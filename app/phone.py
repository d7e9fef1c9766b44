"""What a recipient may look like, and its one canonical spelling.

The accepted forms are those that Signal's servers take (signal-cli-rest-api `getRecipientType`): a
phone number, an account id (ACI), a user name or a link to one, a group. Nothing else gets
through, so that no recipient can be read as an option by a command line behind that server.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import phonenumbers
from phonenumbers import (
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
)

_ACI = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"group\.((?:[\w+/-]{4}){1,32}(?:[\w+/-]{2,3})?)={0,2}", re.ASCII)
_LINK = re.compile(r"https://signal\.me/#eu/[A-Za-z0-9+/_-]{1,128}")
_USER_NAME = re.compile(r"(?:u:)?([A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9})")
_GROUP_ID_SIZES = (16, 32)  # bytes, of old and new groups
# What people and address books put between digits, invisible characters among it.
_BETWEEN = re.compile(
    r"[\s()\[\]./\-\u00ad\u061c\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff\uff0d]"
)
_LONGEST = 64  # characters of a phone number, with all between
_LONGEST_E164 = 16  # characters, the plus among them
_NUMBER = re.compile(r"(?:tel:)?([+\uff0b]{0,2})(\d{3,20})")
# Numbers there have lost the 1, but old accounts on Signal have kept it.
_OLD_MEXICAN = re.compile(r"\+521(?=\d{10}$)")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class NotANumber(ValueError):
    """It cannot be a phone number, nor is it any other recipient."""


class NoCountry(NotANumber):
    """It needs its country code with a plus."""


class Ambiguous(NotANumber):
    """It is a number at home, and with a plus a number of another country."""


def recipient(value: str, region: str | None) -> str:
    """The canonical form of ``value``: E.164, ``group.<base64>``, ``name.01``, an ACI or a link.

    ``region`` (``DE``) reads numbers without a country code. Raises `NotANumber` for anything else.
    """
    text = value.strip()
    if _ACI.fullmatch(text):
        return text.lower()
    if name := _USER_NAME.fullmatch(text):
        return name[1].lower()
    if group := _GROUP.fullmatch(text):
        return _group(group[1])
    return text if _LINK.fullmatch(text) else _number(_digits(text), region)


def integer(value: int, region: str | None) -> str:
    """The number that ``value`` was before it lost its plus or its zero."""
    digits = _digits(str(value) if 0 < value < 10**_LONGEST_E164 else "")
    if region:
        return _number(digits, region)
    return _only(_read(f"+{digits}", is_valid_number))


def e164(value: str) -> str:
    """A number with its plus or 00, as E.164, whatever its blanks, punctuation or digits."""
    return _number(_digits(value), None)


def masked(recipient: str) -> str:
    """``recipient`` as a log may hold it: ``+49…678``."""
    return f"{recipient[:3]}…{recipient[-3:]}" if len(recipient) > 8 else "…"


def _group(encoded: str) -> str:
    """The servers take the base64 of a text that is itself the base64 of an id."""
    inside = _bytes(encoded)
    with suppress(ValueError):  # the server knows no such group
        if len(group_id := _bytes(inside.decode("ascii"))) in _GROUP_ID_SIZES:
            inside = b64encode(group_id)
    return f"group.{b64encode(inside).decode()}"


def _bytes(encoded: str) -> bytes:
    bare = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _digits(value: str) -> str:
    """ASCII digits, after a plus if they say which country they belong to."""
    bare = _BETWEEN.sub("", value).lower() if len(value) <= _LONGEST else ""
    if not (written := _NUMBER.fullmatch(bare)):
        raise NotANumber("not a phone number")
    plus = "+" if written[1] else ""
    return plus + phonenumbers.normalize_digits_only(written[2])


def _number(digits: str, region: str | None) -> str:
    if digits.startswith("+"):
        return _only(_read(digits, _is_possible))
    if digits.startswith("00"):
        abroad = _read(f"+{digits[2:]}", _is_possible)
        return _chosen(digits, abroad, region) if region else _only(abroad)
    if region is None:
        raise NoCountry("not a phone number with its country code")
    return _chosen(digits, _read(f"+{digits}", is_valid_number), region)


def _chosen(digits: str, abroad: str | None, region: str) -> str:
    """What ``digits`` mean to somebody in ``region``, where 0011 or the like may stand for a plus."""
    if usual := _read(digits, partial(_is_usual, digits, region), region):
        return _only(_read(usual, _is_mobile))  # any other needs its plus
    at_home = _read(digits, _is_mobile, region)
    without_zero = _read(f"0{digits}", _is_mobile, region) if digits[0] != "0" else None
    return _only(at_home, without_zero, abroad)


def _only(*readings: str | None) -> str:
    """The only reading: a guess among several would send a code to a stranger."""
    found = {reading for reading in readings if reading}
    if not found:
        raise NotANumber("not a phone number")
    if len(found) > 1:
        raise Ambiguous("more than one phone number")
    return found.pop()


def _read(
    text: str, is_enough: Callable[[PhoneNumber], bool], region: str | None = None
) -> str | None:
    """``text`` as E.164 if it is a number, and one that ``is_enough``."""
    try:
        number = phonenumbers.parse(_OLD_MEXICAN.sub("+52", text), region)
    except phonenumbers.NumberParseException:
        return None
    is_old = _OLD_MEXICAN.match(text)
    canonical = text if is_old else format_number(number, PhoneNumberFormat.E164)
    # The metadata of some countries goes further than E.164.
    is_short = len(canonical) <= _LONGEST_E164
    return canonical if is_short and is_enough(number) else None


def _is_possible(number: PhoneNumber) -> bool:
    """New ranges are in use before the metadata knows them."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in _MOBILE


def _is_usual(digits: str, region: str, number: PhoneNumber) -> bool:
    """Whether ``digits`` are what everybody in ``region`` writes for a ``number`` from there."""
    usual = format_number(number, PhoneNumberFormat.NATIONAL)
    is_from_here = phonenumbers.is_valid_number_for_region(number, region)
    return is_from_here and phonenumbers.normalize_digits_only(usual) == digits
