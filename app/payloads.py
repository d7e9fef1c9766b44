"""Untrusted JSON to one frozen `SendRequest`, or a clear error.

Only what is certain is read. A one-time code, authentik's notification and a text of the
caller's own are told apart by all of their keys; in any other payload no key has a meaning.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import GatewayError, bad_request
from app.fields import clean, mappings, readable
from app.options import Options, read_options
from app.recipients import Recipients, is_absent, read_recipients, read_sender

# The templates for authentik's codes and notifications.
CODES, ALERTS = "sms", "notification"
RECIPIENT_KEYS = ("recipients", "recipient", "To", "to", "phone_number", "phoneNumber")
CODE_KEYS = ("token", "code", "otp")
TEXT_KEYS = tuple("message Message msg text content description Body body".split())
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
}

CODE_DIGITS = 6  # authentik's codes have six, leading zeros among them
_DIGITS = re.compile(r"[0-9]{4,10}")
_CODE = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{4,10}")
_UNFORMATTED = re.compile(r"\{token\}|\{(?:stage|device)\.[\w.]{0,40}\}?")
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


@dataclass(frozen=True, repr=False)
class SendRequest:
    """What a caller asks for. It has no ``repr``: every field is secret or personal.

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


def read(
    payload: Mapping[str, Any],
    variables: Mapping[str, str],
    region: str | None,
    reading: Reading = Reading(),
) -> SendRequest:
    """Read the object of a request. ``variables`` may be placeholders for numbers in it."""
    given = {k: value for k, value in payload.items() if k and not is_absent(value)}
    code = _code(given, reading.own)
    alert = {} if code or reading.own else _alert(payload, given)
    is_text = not (code or alert or reading.own)
    message = given.get(_first(given, TEXT_KEYS), "") if is_text else ""
    key = _first(given, RECIPIENT_KEYS) if reading.recipients else ""
    # What senders write themselves has no author who could forget an f.
    written = [key, *TEXT_KEYS, *CODE_KEYS] if is_text else [key]
    found = _UNFORMATTED.search(readable([given.get(name) for name in written]))
    if found:
        raise GatewayError("unformatted_mapping", value=found[0])
    if "send_at" in given and not reading.own:
        raise bad_request("'send_at' is not supported: nothing is sent later")
    sender = given.get("number", payload.get("From") if code else None)
    if reading.own and not isinstance(sender, (str, int)):
        sender = None  # other senders' key
    known = reading.options or payload
    return SendRequest(
        fields={**payload, **({"token": code} if code else alert), **variables},
        recipients=read_recipients(key, given.get(key), variables, region),
        sender=read_sender(sender, variables),
        shape=CODES if code else ALERTS if alert else "",
        message=message,
        options=read_options({k: v for k, v in payload.items() if k in known}),
    )


def _first(given: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((key for key in keys if key in given), "")


def _code(given: Mapping[str, Any], own: bool) -> str | None:
    """The code of authentik's SMS stage (authentik/stages/authenticator_sms/models.py).

    Else that of a mapping: with a recipient, and with no text beside it.
    """
    texts = given.keys() & TEXT_KEYS
    if "To" in given and texts <= {"Body", "Message"}:
        code = _as_code(given.get("Body"), _DIGITS)
        if code and code in readable(given.get("Message", code)):
            return code
    if own or texts or not _first(given, RECIPIENT_KEYS):
        return None
    return _as_code(given.get(_first(given, CODE_KEYS)), _CODE)


def _as_code(value: Any, form: re.Pattern[str]) -> str | None:
    """A number lost its leading zeros on the way and gets them back."""
    text = str(value).zfill(CODE_DIGITS) if type(value) is int else value
    is_code = isinstance(text, str) and form.fullmatch(text.strip())
    return text.strip() if is_code else None


def _alert(payload: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of authentik's notification; empty for anything else."""
    is_authentiks = ALERT_KEYS <= payload.keys() <= BESIDE_ALERT
    if not is_authentiks or payload["body"] is None:
        return _slack_alert(given)
    if payload["severity"] not in SEVERITIES:
        return {}
    named = {title: payload.get(name) for title, name in SLACK_FIELDS.items()}
    known = {title: value for title, value in named.items() if value is not None}
    action = _ACTION.match(readable(payload["body"]))
    return {"fields": known, **({"action": action[1]} if action else {})}


def _slack_alert(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of its Slack form (``send_webhook_slack``), which lacks the webhook's body."""
    first = next(iter(mappings(given.get("attachments"))), {})
    footer = readable(first.get("footer"))
    is_named = given.get("username") == "authentik" and footer.startswith("authentik ")
    if not is_named or given.keys() & TEXT_KEYS:  # a text of somebody's own
        return {}
    entries = mappings(first.get("fields"))
    titles = {readable(entry.get("title")): entry.get("value") for entry in entries}
    action = readable(first.get("title") or "")
    others = [f"{k}: {readable(titles[k])}" for k in titles if k not in SLACK_FIELDS]
    body = titles.get("message") or "\n".join(map(clean, [action, *others]))
    alert = {"action": action, "fields": titles, "footer": footer, "body": body}
    named = {name: titles.get(title) for title, name in SLACK_FIELDS.items()}
    return alert | {k: v for k, v in named.items() if v not in (None, "None")}
