"""The operator's commands; for ``check`` see test_doctor.py."""

import re

import pytest
from click.testing import Result

from app import create_app
from tests.conftest import settings


def invoke(*arguments: str) -> Result:
    runner = create_app(settings(), {}).test_cli_runner()
    return runner.invoke(args=list(arguments))


def test_a_token_is_made_and_shown_once() -> None:
    result = invoke("token", "authentik")
    assert re.fullmatch(r"[0-9a-f]{64}\n", result.stdout)
    assert result.stderr == (
        "This is the token. It is shown once and kept nowhere. Where it goes:\n"
        "1. The gateway: add authentik:<the token> to API_TOKENS, after what is there and a comma.\n"
        "2. The sender: in authentik SIGNAL_GATEWAY_TOKEN; for any other, docs/other-senders.md.\n"
        '3. Restart both, in Docker by "docker compose up -d": "restart" reads no new variables.\n'
    )
    assert invoke("token", "authentik").stdout != result.stdout


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a:b", "ä", "x" * 65])
def test_a_name_that_api_tokens_would_refuse_gets_no_token(name: str) -> None:
    result = invoke("token", name)
    assert result.output == (
        f"Error: '{name}' cannot name a client. Use up to 64 letters, digits, _ . and -.\n"
    )
    assert result.exit_code == 1
