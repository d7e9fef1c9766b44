"""Untrusted JSON to one frozen `SendRequest`, or a clear error.

Only what is certain is read. A one-time code, authentik's notification and a text of the
caller's own are told apart by all of their keys; in any other payload no key has a meaning.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import GatewayError
from app.fields import clean, is_blank, mappings, readable
from app.options import Options, read_options
from app.recipients import Recipients, read_recipients, read_sender

RECIPIENT_KEYS = ("recipients", "recipient", "To", "to", "phone_number", "phoneNumber")
CODE_KEYS = ("token", "code", "otp")
TEXT_KEYS = ("message", "Message", "msg", "text", "content", "description")
BODY_KEYS = ("Body", "body")
SEVERITIES = ("notice", "warning", "alert")
# The keys of authentik's notifications (authentik/events/models.py, ``send_webhook``), of its
# newer versions, and of the mapping in docs/authentik.
ALERT_KEYS = {"body", "severity", "user_email", "user_username"}
BESIDE_ALERT = ALERT_KEYS | set(
    "event_user_email event_user_username action client_ip recipients number locale".split()
)
SLACK_FIELDS = {
    "Severity": "severity",
    "Dispatched for user": "user_username",
    "Event user": "event_user_username",
    "message": "body",
}

CODE_DIGITS = 6  # authentik's codes have six, leading zeros among them
_DIGITS = re.compile(r"[0-9]{4,10}")
_CODE = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{4,10}")
_UNFORMATTED = re.compile(r"\{token\}|\{stage\.|\{device\.")
# A body without a message of its own is "<action>: <repr of the event's context>".
_ACTION = re.compile(r"([a-z_]+): \{")


@dataclass(frozen=True)
class Reading:
    """Which keys have a meaning.

    For a template of the operator's ``own`` none of the shapes counts, ``recipients`` only if
    the template names none, and of Signal's options only ``options`` if there are any here.
    """

    own: bool = False
    recipients: bool = True
    options: Collection[str] = ()


@dataclass(frozen=True)
class SendRequest:
    """What a caller asks for. ``repr`` shows none of it: every field is secret or personal.

    ``fields`` are all keys of the payload, the canonical ones of its ``shape`` and the variables.
    ``shape`` is the template for it, ``sms`` or ``notification``, if there is one. ``sender`` is
    ``None`` for the default. ``message`` is the caller's own text as it came, whatever its type.
    """

    fields: Mapping[str, Any]
    recipients: Recipients
    sender: str | None
    shape: str
    message: Any
    options: Options

    def __repr__(self) -> str:
        return "SendRequest(…)"

    def own_message(self) -> str:
        """The text to send where no template is used; raises ``no_message`` and ``bad_request``."""
        if self.message is None and not self.options.has_content:
            raise GatewayError("no_message")
        if not isinstance(self.message, str | None):
            raise GatewayError("bad_request", hint="its message is no text")
        return self.message or ""


def read(
    payload: Mapping[str, Any],
    variables: Mapping[str, str],
    region: str | None,
    reading: Reading = Reading(),
) -> SendRequest:
    """Read the object of a request. ``variables`` may be placeholders for numbers in it."""
    payload = {key: value for key, value in payload.items() if key}
    code = _authentiks_code(payload) or (None if reading.own else _code(payload))
    alert = {} if code or reading.own else _alert(payload)
    # What authentik and other senders write themselves has no author who could forget an f.
    written = () if alert or reading.own else TEXT_KEYS + BODY_KEYS + CODE_KEYS
    is_text = not (code or alert or reading.own)
    message = payload.get(_first(payload, TEXT_KEYS + BODY_KEYS)) if is_text else None
    key = _first(payload, RECIPIENT_KEYS) if reading.recipients else ""
    _refuse_unformatted(payload, [key, *written])
    if payload.get("send_at") is not None and not reading.own:
        hint = "'send_at' is not supported: nothing is sent later"
        raise GatewayError("bad_request", hint=hint)
    sender = payload.get("number")
    if code and sender is None:
        sender = payload.get("From")
    if reading.own and not isinstance(sender, (str, int)):
        sender = None  # other senders' key
    token = {"token": code} if code else {}
    known = reading.options or payload
    return SendRequest(
        fields={**payload, **alert, **token, **variables},
        recipients=read_recipients(key, payload.get(key), variables, region),
        sender=read_sender(sender, variables),
        shape="sms" if code else "notification" if alert else "",
        message=message,
        options=read_options({k: v for k, v in payload.items() if k in known}),
    )


def _first(payload: Mapping[str, Any], keys: Iterable[str]) -> str:
    """The key of the first value there; null, a blank text and an empty list count as absent."""
    for key in keys:
        value = payload.get(key)
        if not (value in (None, []) or (isinstance(value, str) and is_blank(value))):
            return key
    return ""


def _authentiks_code(payload: Mapping[str, Any]) -> str | None:
    """The code of authentik's SMS stage (authentik/stages/authenticator_sms/models.py)."""
    code, message = _as_code(payload.get("Body"), _DIGITS), payload.get("Message")
    if not code:
        return None
    others = {**payload, "Message": None, "Body": None}
    is_alone = not _first(others, TEXT_KEYS + BODY_KEYS) and _first(payload, ["To"])
    is_beside = message is None or (isinstance(message, str) and code in message)
    return code if is_alone and is_beside else None


def _code(payload: Mapping[str, Any]) -> str | None:
    """The code of a mapping: with a recipient, and with no text beside it."""
    key = _first(payload, CODE_KEYS)
    if not _first(payload, RECIPIENT_KEYS) or _first(payload, TEXT_KEYS + BODY_KEYS):
        return None
    return _as_code(payload.get(key), _CODE)


def _as_code(value: Any, form: re.Pattern[str]) -> str | None:
    """A number lost its leading zeros on the way and gets them back."""
    if type(value) is int and 0 <= value < 10**10:
        return str(value).zfill(CODE_DIGITS)
    is_code = isinstance(value, str) and form.fullmatch(value.strip())
    return value.strip() if is_code else None


def _alert(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of authentik's notification; empty for anything else."""
    if ALERT_KEYS <= set(payload) <= BESIDE_ALERT and payload["body"] is not None:
        if payload["severity"] not in SEVERITIES:
            return {}
        named = {title: payload.get(name) for title, name in SLACK_FIELDS.items()}
        known = {k: v for k, v in named.items() if v is not None and k != "message"}
        action = _ACTION.match(readable(payload["body"]))
        return {"fields": known, **({"action": action[1]} if action else {})}
    return _slack_alert(payload)


def _slack_alert(payload: Mapping[str, Any]) -> dict[str, Any]:
    """That of its Slack form (``send_webhook_slack``), which lacks the webhook's body."""
    first = next(iter(mappings(payload.get("attachments"))), {})
    footer = first.get("footer")
    is_authentiks = isinstance(footer, str) and footer.startswith("authentik ")
    is_beside = _first(payload, TEXT_KEYS + BODY_KEYS)  # a text of somebody's own
    if payload.get("username") != "authentik" or not is_authentiks or is_beside:
        return {}
    entries = mappings(first.get("fields"))
    named = [entry for entry in entries if isinstance(entry.get("title"), str)]
    titles = {entry["title"]: entry.get("value") for entry in named}
    action = readable(first.get("title") or "")
    context = [
        f"{k}: {readable(v)}" for k, v in titles.items() if k not in SLACK_FIELDS
    ]
    alert = {"action": action, "fields": titles, "footer": footer}
    alert["body"] = "\n".join(map(clean, [action, *context]))
    for title, name in SLACK_FIELDS.items():
        if titles.get(title) not in (None, "None"):
            alert[name] = titles[title]
    return alert


def _refuse_unformatted(payload: Mapping[str, Any], keys: Iterable[str]) -> None:
    """A placeholder in a text: the author of the mapping forgot the f before it."""
    for value in map(payload.get, keys):
        for text in value if isinstance(value, list) else [value]:
            found = _UNFORMATTED.search(text) if isinstance(text, str) else None
            if found:
                name = found[0] if found[0].endswith("}") else f"{found[0]}…}}"
                raise GatewayError("unformatted_mapping", value=name)
