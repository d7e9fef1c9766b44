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
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

_ACI = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"group\.((?:[\w+/-]{4}){1,32}(?:[\w+/-]{2,3})?)={0,2}", re.ASCII)
_LINK = re.compile(r"https://signal\.me/#eu/[A-Za-z0-9+/_-]{1,128}")
_USER_NAME = re.compile(r"(?:u:)?([A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9})")
# What people and address books put between digits, invisible characters among it.
_BETWEEN = re.compile(
    r"[\s()\[\]./\-\u00ad\u061c\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff\uff0d]"
)
# Two pluses: one of a template, and one of the field in it.
_NUMBER = re.compile(r"(?:tel:)?([+\uff0b]{0,2})(\d{3,20})")
# Numbers there have lost the 1, but old accounts on Signal have kept it.
_OLD_MEXICAN = re.compile(r"\+521(?=\d{10}$)")


class NotANumber(ValueError):
    """Neither a phone number nor any other recipient. Its text is a key of `app.errors.KINDS`."""


def recipient(value: str | int, region: str | None) -> str:
    """The canonical form of ``value``: E.164, ``group.<base64>``, ``name.01``, an ACI or a link.

    Raises `NotANumber` for anything else.
    """
    text = str(value).strip()
    if _ACI.fullmatch(text):
        return text.lower()
    if name := _USER_NAME.fullmatch(text):
        return name[1].lower()
    if group := _GROUP.fullmatch(text):
        return _group(group[1])
    return text if _LINK.fullmatch(text) else number(value, region)


def number(value: str | int, region: str | None = None) -> str:
    """``value`` as E.164, whatever its blanks, punctuation or digits.

    ``region`` (``DE``) reads numbers without a country code. A guess among several readings
    would send a code to a stranger: they raise `NotANumber` as well as none.
    """
    found = _readings(value, region)
    if len(found) != 1:
        raise NotANumber("ambiguous_recipient" if found else "invalid_recipient")
    return found.pop()


def masked(recipient: str) -> str:
    """``recipient`` as a log may hold it: ``+49…678``."""
    return f"{recipient[:3]}…{recipient[-3:]}" if len(recipient) > 8 else "…"


def _group(encoded: str) -> str:
    """The servers take the base64 of a text that is itself the base64 of an id."""
    inside = _bytes(encoded)
    with suppress(ValueError):  # the server knows no such group
        if len(group_id := _bytes(inside.decode("ascii"))) in (16, 32):  # old and new
            inside = b64encode(group_id)
    return f"group.{b64encode(inside).decode()}"


def _bytes(encoded: str) -> bytes:
    bare = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _readings(value: str | int, region: str | None) -> set[str]:
    """What ``value`` can mean to somebody in ``region``, where 0011 or the like may be a plus."""
    if isinstance(value, int) and value < 0:
        return set()
    written = _NUMBER.fullmatch(_BETWEEN.sub("", str(value)).lower())
    digits = phonenumbers.normalize_digits_only(written[2]) if written else ""
    if written and written[1]:
        return _read(f"+{digits}", _is_possible)
    has_country = digits.startswith("00")
    is_enough = _is_possible if has_country else phonenumbers.is_valid_number
    abroad = _read(f"+{digits.removeprefix('00')}", is_enough)
    if region is None:  # an integer has lost its plus
        return abroad if has_country or isinstance(value, int) else set()
    usual = _read(digits, partial(_is_usual, digits, region), region)
    if usual:
        return _read(usual.pop(), _is_mobile)  # any other needs its plus
    with_zero = f"0{digits.removeprefix('0')}"
    at_home = (_read(text, _is_mobile, region) for text in (digits, with_zero))
    return abroad.union(*at_home)


def _read(
    text: str, is_enough: Callable[[PhoneNumber], bool], region: str | None = None
) -> set[str]:
    """``text`` as E.164 if it is a number, and one that ``is_enough``; else nothing."""
    try:
        number = phonenumbers.parse(_OLD_MEXICAN.sub("+52", text), region)
    except phonenumbers.NumberParseException:
        return set()
    canonical = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if _OLD_MEXICAN.match(text):
        canonical = text
    # The metadata of some countries goes further than E.164.
    is_short = len(canonical) <= 16
    return {canonical} if is_short and is_enough(number) else set()


def _is_possible(number: PhoneNumber) -> bool:
    """New ranges are in use before the metadata knows them."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


def _is_mobile(number: PhoneNumber) -> bool:
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.number_type(number) in kinds


def _is_usual(digits: str, region: str, number: PhoneNumber) -> bool:
    """Whether ``digits`` are what everybody in ``region`` writes for a ``number`` from there."""
    usual = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    is_from_here = phonenumbers.is_valid_number_for_region(number, region)
    return is_from_here and phonenumbers.normalize_digits_only(usual) == digits
