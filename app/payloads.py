"""Untrusted JSON to one frozen `SendRequest`, or a clear error.

Three kinds of payload are told apart: a one-time code (authentik's SMS stage, with or without a
mapping), authentik's notification webhook (plain or in Slack's form), and a message of the caller's own.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import GatewayError
from app.fields import is_blank
from app.notifications import canonical_fields
from app.options import Options, read_options
from app.recipients import read_recipients, read_sender

RECIPIENT_KEYS = ("recipients", "recipient", "To", "to", "phone_number")
SENDER_KEYS = ("number", "From", "from", "sender")
CODE_KEYS = ("token", "Body", "body", "code", "otp")
OWN_MESSAGE_KEYS = (
    "message",
    "Message",
    "msg",
    "text",
    "content",
    "description",
)
LOCALE_KEYS = ("locale", "lang")

CODE_DIGITS = 6  # authentik's codes have six, leading zeros among them
_CODE = re.compile(r"[0-9]{4,8}")
_UNFORMATTED = re.compile(r"\{token\}|\{stage\.|\{device\.")


@dataclass(frozen=True)
class SendRequest:
    """What a caller asks for. ``repr`` shows none of it: every field is secret or personal.

    ``fields`` are all keys of the payload and the canonical ones beside them. ``sender`` is ``None``
    for the default. ``message`` is the caller's own text as it came, whatever its type.
    """

    fields: Mapping[str, Any]
    recipients: tuple[str, ...]
    sender: str | None
    code: str | None
    message: Any
    locale: str | None
    severity: str | None
    is_notification: bool
    options: Options

    def __repr__(self) -> str:
        return "SendRequest(…)"

    def own_message(self) -> str:
        """The text to send where no template is used; raises ``no_message`` and ``bad_request``."""
        if self.message is None:
            if self.options.has_content:
                return ""
            raise GatewayError("no_message")
        if not isinstance(self.message, str):
            raise GatewayError("bad_request", hint="its message is no text")
        return self.message


def read(raw: bytes, variables: Mapping[str, str], region: str | None) -> SendRequest:
    """Read the body of a request. ``variables`` may stand as placeholders for numbers in it."""
    payload = _object(raw)
    notification = canonical_fields(payload)
    fields = {**notification, **payload}
    code = _code(payload)
    message = _message(payload)
    sender_key = first_key(payload, SENDER_KEYS)
    recipient_key = first_key(payload, RECIPIENT_KEYS)
    recipients = payload.get(recipient_key)
    _refuse_unformatted(
        [code, message, *(recipients if isinstance(recipients, list) else [recipients])]
    )
    locale = first(payload, LOCALE_KEYS)
    severity = fields.get("severity")
    return SendRequest(
        fields={**fields, "token": code},
        recipients=read_recipients(recipient_key, recipients, variables, region),
        sender=read_sender(sender_key, payload.get(sender_key), variables),
        code=code,
        message=message,
        locale=locale if isinstance(locale, str) else None,
        severity=severity if isinstance(severity, str) else None,
        is_notification=bool(notification),
        options=read_options(payload),
    )


def first(payload: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """The first value there; null, a blank text and an empty list count as absent."""
    return payload.get(first_key(payload, keys))


def first_key(payload: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The key of the first value there, or the empty one."""
    for key in keys:
        value = payload.get(key)
        is_absent = value in (None, []) or (isinstance(value, str) and is_blank(value))
        if not is_absent:
            return key
    return ""


def _object(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        raise GatewayError(
            "bad_request",
            hint="it is empty. A webhook mapping without its 'return' does this",
        )
    try:
        payload = _STRICT.decode(raw.decode(json.detect_encoding(raw), "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise GatewayError("bad_request", hint="it is not JSON") from error
    if not isinstance(payload, dict):
        raise GatewayError(
            "bad_request",
            hint="it is JSON, but no object. A webhook mapping must return a dict like {'to': …}",
        )
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant)


def _code(payload: Mapping[str, Any]) -> str | None:
    """The one-time code as text: a number lost its leading zeros on the way and gets them back.

    A number under ``code`` beside a message is none: monitors send their status so.
    """
    for key in CODE_KEYS:
        value = payload.get(key)
        if key == "body" and payload.get("severity") is not None:
            continue
        if (
            key == "code"
            and isinstance(value, int)
            and first(payload, OWN_MESSAGE_KEYS)
        ):
            continue
        if _is_code_number(value):
            return str(value).zfill(CODE_DIGITS)
        in_body = key in ("Body", "body")
        if isinstance(value, str):
            is_code = _CODE.fullmatch(value.strip()) if in_body else not is_blank(value)
            if is_code:
                return value.strip()
        elif value is not None and not in_body:
            raise GatewayError("bad_request", hint=f"its '{key}' is no one-time code")
    return None


def _is_code_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**8


def _message(payload: Mapping[str, Any]) -> Any:
    message = first(payload, OWN_MESSAGE_KEYS)
    if message is None and payload.get("severity") is None:
        body = first(payload, ("Body", "body"))
        message = (
            None if isinstance(body, str) and _CODE.fullmatch(body.strip()) else body
        )
    return message


def _refuse_unformatted(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, str) and (found := _UNFORMATTED.search(value)):
            raise GatewayError(
                "unformatted_mapping",
                value=found[0] if found[0].endswith("}") else f"{found[0]}…}}",
            )
