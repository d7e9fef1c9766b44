"""authentik's webhook mappings, run as authentik runs them: as the body of a function.

Source: goauthentik/authentik authentik/lib/expression/evaluator.py, ``BaseEvaluator.evaluate``.
"""

import json
import re
from datetime import datetime, timezone
from textwrap import indent
from types import SimpleNamespace
from typing import Any

CODE = "004821"
USER = SimpleNamespace(
    username="ada",
    name="Ada Lovelace",
    email="ada@example.com",
    attributes={"phone": "+49 151 12345678", "locale": "de"},
    is_superuser=False,
    group_attributes=lambda request=None: {},
    locale=lambda request=None: "de",
)
BRAND = SimpleNamespace(branding_title="Example", domain="id.example.com")


def sms() -> dict[str, Any]:
    """The names that a mapping of the SMS stage knows."""
    device = SimpleNamespace(
        name="SMS", phone_number="+49 151 12345678", token=CODE, user=USER
    )
    stage = SimpleNamespace(name="signal-setup", from_number="authentik")
    context = {"token": CODE, "device": device, "stage": stage}
    http = SimpleNamespace(brand=BRAND, META={}, GET={})
    request = SimpleNamespace(user=USER, http_request=http, context=context)
    return {**context, "user": USER, "request": request, "http_request": http}


def notification() -> dict[str, Any]:
    """The names that a mapping of a notification transport knows."""
    event = SimpleNamespace(
        action="login_failed",
        app="authentik.stages.password.stage",
        client_ip="203.0.113.7",
        created=datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc),
        user={"username": "ada", "email": "ada@example.com", "pk": 5},
        context={"username": "ada", "message": "Failed to log in"},
        brand={"name": "authentik-default"},
        pk="8f2f0ba3-5c8f-4f0c-9d0e-3a6f4a0e9a11",
    )
    told = SimpleNamespace(
        body="Failed to log in",
        severity="alert",
        event=event,
        user=USER,
        hyperlink=None,
        hyperlink_label=None,
        created=None,
    )
    context = {"notification": told}
    request = SimpleNamespace(user=USER, http_request=None, context=context)
    return {"notification": told, "user": USER, "request": request}


def returned(expression: str) -> Any:
    """What the expression gives, after JSON."""
    names = notification() if "notification" in expression else sms()
    scope: dict[str, Any] = {"regex_replace": re.sub, "regex_match": _matches}
    head = f"def handler({', '.join(names)}):\n"
    exec(compile(head + indent(expression, "    "), "<mapping>", "exec"), scope)
    return json.loads(json.dumps(scope["handler"](**names), default=str))


def _matches(value: str, regex: str) -> bool:
    return re.search(regex, value) is not None
