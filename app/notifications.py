"""authentik's notifications: the canonical fields of its webhook and of its Slack form.

Sources: goauthentik/authentik authentik/events/models.py, ``send_webhook`` and ``send_webhook_slack``.
"""

import re
from collections.abc import Mapping
from typing import Any

from app.fields import clean, readable

# A body without a message of its own is "<action>: <repr of the event's context>".
_ACTION = re.compile(r"([a-z_]+): \{")
_SLACK_FIELDS = {
    "Severity": "severity",
    "Dispatched for user": "user_username",
    "Event user": "event_user_username",
    "message": "body",
}


def canonical_fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    """``severity``, ``body``, ``action``, ``fields`` and so on; empty if it is no notification."""
    attachments = payload.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else None
    if isinstance(first, dict) and isinstance(first.get("title"), str):
        return _slack_notification(first)
    body = payload.get("body")
    if body is None or payload.get("severity") is None:
        return {}
    action = _ACTION.match(body) if isinstance(body, str) else None
    known = {
        title: payload.get(name)
        for title, name in _SLACK_FIELDS.items()
        if name != "body"
    }
    found = {
        "fields": {title: value for title, value in known.items() if value is not None}
    }
    return {**found, "action": action[1]} if action else found


def _slack_notification(attachment: Mapping[str, Any]) -> dict[str, Any]:
    titles = _titles(attachment.get("fields"))
    action = attachment["title"]
    found = {
        "action": action,
        "body": _body(action, titles),
        "fields": titles,
        "footer": attachment.get("footer"),
    }
    found |= {
        name: titles[title]
        for title, name in _SLACK_FIELDS.items()
        if titles.get(title) not in (None, "None")
    }
    return {name: value for name, value in found.items() if value is not None}


def _titles(entries: Any) -> dict[str, Any]:
    return {
        entry["title"]: entry.get("value")
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("title"), str)
    }


def _body(action: str, titles: Mapping[str, Any]) -> str:
    """The webhook's body is not in this form: the action, and a line for each value of the event."""
    context = {key: value for key, value in titles.items() if key not in _SLACK_FIELDS}
    lines = [clean(f"{key}: {readable(value)}") for key, value in context.items()]
    return "\n".join([clean(action), *lines])
