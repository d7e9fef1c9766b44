"""What a recipient may look like, and its one canonical spelling.

The accepted forms are those that Signal's servers take (signal-cli-rest-api `getRecipientType`): a
phone number, an account id (ACI), a user name, a group. Nothing else gets through, so that no
recipient can be read as an option by a command line behind that server.
"""

import base64
import re
from functools import lru_cache

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    normalize_digits_only,
    parse,
)

_ACI = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"group\.([A-Za-z0-9+/]{4,128}={0,2})")
_USER_NAME = re.compile(r"(?:u:)?([A-Za-z_][A-Za-z0-9_]{2,31}\.[0-9]{2,9})")
# What people and address books put between digits, invisible characters among it.
_BETWEEN = re.compile(
    r"[\s()\[\]./\-\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff\uff0d]"
)
LONGEST_E164 = 16  # characters, the plus among them
_LONGEST = 64  # characters of a phone number, with all between
_NUMBER = re.compile(r"[+\uff0b]?\d{3,20}")


def recipient(value: str, region: str | None) -> str:
    """The canonical form of ``value``: E.164, ``group.<base64>``, ``name.01`` or an ACI.

    ``region`` (``DE``) reads numbers without a country code. Raises `ValueError` for anything else.
    """
    return _canonical(value.strip(), region)


@lru_cache(
    maxsize=1024
)  # people come again; what is kept is short, as a mistake is not kept
def _canonical(text: str, region: str | None) -> str:
    if _ACI.fullmatch(text):
        return text.lower()
    if name := _USER_NAME.fullmatch(text):
        return name[1].lower()
    if group := _GROUP.fullmatch(text):
        base64.b64decode(group[1], validate=True)
        return text
    return e164(text, region)


def e164(value: str, region: str | None = None) -> str:
    """``value`` as E.164, whatever its blanks, punctuation or digits; `ValueError` if it is no number.

    A *possible* number is enough: new ranges are in use before the metadata knows them.
    """
    written = _BETWEEN.sub("", value) if len(value) <= _LONGEST else ""
    if not _NUMBER.fullmatch(written):
        raise ValueError("not a phone number")
    digits = written
    if not written.isascii():
        digits = normalize_digits_only(written, keep_non_digits=True)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    try:
        number = parse(digits, region)
    except NumberParseException as error:
        raise ValueError("not a phone number") from error
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise ValueError("not a possible phone number")
    written = format_number(number, PhoneNumberFormat.E164)
    if len(written) > LONGEST_E164:  # the metadata of some countries goes further
        raise ValueError("not a phone number")
    return written


def masked(recipient: str) -> str:
    """``recipient`` as a log may hold it: ``+49…678``."""
    return f"{recipient[:3]}…{recipient[-3:]}" if len(recipient) > 8 else "…"
