"""The services of a Compose file, as far as they can be tried without Docker."""

import re
from typing import Any

import yaml

from tests import standin
from tests.documentation.mappings import CODE
from tests.gateway import TOKEN, free_port, running

GATEWAY, SERVER = "signal-gateway", "signal"
ALERT = {"body": "hello", "severity": "alert", "user_email": "", "user_username": ""}
_REQUIRED = re.compile(r"\$\{[A-Z_]+:\?\}")


def services(text: str) -> dict[str, Any]:
    """The services by their names, with a token for each variable that must be set."""
    found: dict[str, Any] = yaml.safe_load(_REQUIRED.sub(TOKEN, text))["services"]
    return found


def environment(text: str, signal_url: str) -> dict[str, str]:
    """That of the gateway, with a port of this machine and Signal's server at ``signal_url``."""
    written: dict[str, str] = services(text)[GATEWAY]["environment"]
    return {**written, "SIGNAL_API_URL": signal_url, "PORT": str(free_port())}


def sent(text: str) -> list[list[str]]:
    """The recipients of a code and of an alert that are posted to the gateway."""
    with standin.running() as signal, running(
        **environment(text, signal.url)
    ) as gateway:
        code = gateway.post({"To": "+49 151 12345678", "Body": CODE})
        alert = gateway.post(ALERT)
    assert (code.status_code, alert.status_code) == (201, 201), gateway.output
    return [request["recipients"] for request in signal.books.requests]
