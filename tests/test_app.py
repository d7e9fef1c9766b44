"""Putting the parts together."""

from pathlib import Path

import pytest

from app import create_app
from app.errors import ConfigurationError
from tests.conftest import BEARER, TOKEN, client


def test_problems_of_environment_and_templates_come_together(tmp_path: Path) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text("templates: 5\n")
    environ = {
        "SIGNAL_API_URL": "signal:8080",
        "LOG_LEVEL": "loud",
        "API_TOKENS": "a:short",
        "TEMPLATES_FILE": str(templates),
    }
    with pytest.raises(ConfigurationError) as error:
        create_app(environ=environ)
    assert error.value.problems == [
        "SIGNAL_API_URL is no usable address. Write it like http://signal:8080."
        " In a password write special characters like / as %2F and a comma as %2C.",
        "API_TOKENS is no token: at least 16 ASCII characters without blanks."
        " Make one with 'openssl rand -hex 32'.",
        "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL.",
        f"{templates}, line 1: this must be a mapping, like 'name: value'.",
    ]


def test_only_a_preview_says_that_it_is_one_and_it_has_its_own_token() -> None:
    assert "X-Preview" not in client().get("/v1/health").headers
    preview = create_app(environ={}).test_client()
    assert preview.get("/v1/health").headers["X-Preview"] == "true"
    assert preview.post("/v2/send", headers=BEARER).status_code == 401


def test_a_preview_serves_its_own_machine_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    preview = create_app(environ={"API_TOKENS": TOKEN}).test_client()
    for address, status in (("127.0.0.1", 201), ("::1", 201), ("10.0.0.1", 403)):
        answer = preview.post(
            "/v2/send",
            json={"to": "+4915112345678", "token": "004821"},
            headers=BEARER,
            environ_overrides={"REMOTE_ADDR": address},
        )
        assert answer.status_code == status
    assert "a preview serves only its own machine" in capfd.readouterr().err
