"""The Compose file of docs/deploy.md, as far as it can be tried without Docker."""

import re
from typing import Any

import yaml

from tests.gateway import TOKEN, free_port

GATEWAY, SERVER = "signal-gateway", "signal"


def services(text: str) -> dict[str, Any]:
    """The services by their names, with a token for each variable that must be set."""
    with_tokens = re.sub(r"\$\{[A-Z_]+:\?\}", TOKEN, text)
    found: dict[str, Any] = yaml.safe_load(with_tokens)["services"]
    return found


def environment(text: str, signal_url: str) -> dict[str, str]:
    """That of the gateway, with a port of this machine and Signal's server at ``signal_url``."""
    written: dict[str, str] = services(text)[GATEWAY]["environment"]
    return {**written, "SIGNAL_API_URL": signal_url, "PORT": str(free_port())}
