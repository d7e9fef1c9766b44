"""What authentik posts: codes of its SMS stage, and alerts of its notification transport."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.authentik.files import applied
from tests.authentik.stand_in import MAPPING, STAGE, TRANSPORT, evaluate

CODE = "004821"
USER = SimpleNamespace(
    username="akadmin",
    email="admin@example.com",
    locale=lambda request=None: request.LANGUAGE_CODE if request else "",
)
Request = tuple[Any, dict[str, str]]  # the body and the headers


@dataclass
class Event:
    """An event, with what authentik keeps of it."""

    action: str
    context: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    client_ip: str | None = None


FAILED_LOGIN = Event(
    "login_failed",
    {"stage": {"pk": "7e88"}, "password": "***", "username": "bob"},
    {"username": "AnonymousUser", "email": ""},
    "203.0.113.7",
)
OTHER_ERROR = Event(
    "configuration_error", {"message": "No\n template"}, {"username": "ada"}
)


def code(blueprint: str, language: str = "en", to: str = "+49 151 12345678") -> Request:
    """As the stage posts it."""
    authentik = applied(blueprint)
    stage = authentik.get(STAGE)
    text = f"Use this code to authenticate in authentik: {CODE}"
    payload = {"From": stage["from_number"], "To": to, "Body": CODE, "Message": text}
    if "mapping" in stage:
        http = SimpleNamespace(LANGUAGE_CODE=language)
        payload = evaluate(
            authentik.get(MAPPING, pk=stage["mapping"])["expression"],
            user=USER,
            request=SimpleNamespace(http_request=http, user=USER, context={}),
            device=SimpleNamespace(phone_number=to),
            token=CODE,
            stage=SimpleNamespace(**stage),
        )
    return payload, {"Authorization": f"Bearer {stage['auth']}"}


def alert(blueprint: str, event: Event | None) -> Request:
    """As the transport posts it."""
    authentik = applied(blueprint)
    transport = authentik.get(TRANSPORT)
    told = SimpleNamespace(severity="warning", body="a body", event=event, user=USER)
    body, headers = (
        evaluate(
            authentik.get(MAPPING, pk=transport[key])["expression"],
            user=USER,
            notification=told,
        )
        for key in ("webhook_mapping_body", "webhook_mapping_headers")
    )
    return body, headers
