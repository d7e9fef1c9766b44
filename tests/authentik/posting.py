"""A user of authentik's, and a post of its to the gateway."""

import json
from types import SimpleNamespace
from typing import Any

import responses

from tests.conftest import client

USER = SimpleNamespace(
    username="akadmin",
    email="admin@example.com",
    locale=lambda request=None: request.LANGUAGE_CODE if request else "",
)


def posted(
    signal: responses.RequestsMock, payload: Any, headers: dict[str, str]
) -> list[dict[str, Any]]:
    answer = client().post("/v2/send", json=payload, headers=headers)
    assert answer.status_code == 201, answer.text
    return [json.loads(call.request.body or b"") for call in signal.calls]
