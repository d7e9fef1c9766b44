"""Where authentik finds the tokens, and what is seen where it does not."""

from typing import Any

import pytest

from tests.authentik.stand_in import STAGE, Authentik, evaluate
from tests.authentik.writing import MAPPING, URL, applied, old_authentik, written
from tests.conftest import TOKEN, client


def test_whatever_characters_a_token_has_it_lets_in() -> None:
    for secret in ("100%s%%-of-the-token", "100%s\\\"'{}#:-token!"):
        authentik = applied("--token", secret)
        written_out = authentik.get(STAGE)["auth"], _header(authentik)
        assert written_out == (secret, {"Authorization": f"Bearer {secret}"})
    authentik = applied(SIGNAL_GATEWAY_TOKEN="100%s%%-of-the-token")
    assert authentik.get(STAGE)["auth"] == "100%s%%-of-the-token"
    assert _header(authentik) == {"Authorization": "Bearer 100%s%%-of-the-token"}


def test_a_token_may_come_from_a_file() -> None:
    authentik = old_authentik()
    authentik.files = {"/run/secrets/token": f"{TOKEN}\n"}
    authentik.apply(written(*URL, "--token-file", "/run/secrets/token"))
    assert authentik.get(STAGE)["auth"] == TOKEN
    assert _header(authentik) == {"Authorization": f"Bearer {TOKEN}"}


def test_alerts_may_have_a_token_of_their_own() -> None:
    options = ("--alerts-token-env", "SIGNAL_ALERTS_TOKEN")
    authentik = applied(
        *options, SIGNAL_GATEWAY_TOKEN=TOKEN, SIGNAL_ALERTS_TOKEN="other"
    )
    assert authentik.get(STAGE)["auth"] == TOKEN
    assert _header(authentik) == {"Authorization": "Bearer other"}


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ([], "CHANGE-ME: set SIGNAL_GATEWAY_TOKEN in authentik's server and worker"),
        (
            ["--token-file", "/run/x"],
            "CHANGE-ME: put /run/x into authentik's server and worker",
        ),
    ],
)
def test_a_token_that_is_not_there_shows_itself_and_is_refused(
    options: list[str], missing: str
) -> None:
    authentik = applied(*options, NOTHING="at all")
    assert authentik.get(STAGE)["auth"] == missing
    assert _header(authentik) == {"Authorization": f"Bearer {missing}"}
    answer = client().post("/v2/send", json={}, headers=_header(authentik))
    assert answer.status_code == 401


def _header(authentik: Authentik) -> Any:
    mapping = authentik.get(MAPPING, name="signal-alerts-header")
    return evaluate(mapping["expression"])
