"""From authentik's SMS stage to the code in Signal."""

from types import SimpleNamespace
from typing import Any

import pytest
import responses

from tests.authentik.posting import USER, posted
from tests.authentik.stand_in import STAGE, Authentik, evaluate
from tests.authentik.writing import MAPPING, applied
from tests.conftest import NUMBER

CODE = "004821"


def sent_code(
    signal: responses.RequestsMock,
    authentik: Authentik,
    language: str | None = "en",
    phone: str = "+49 151 12345678",
) -> list[dict[str, Any]]:
    """What Signal gets of a code, sent as the stage sends it; None for the language is before 2025.8."""
    stage = authentik.get(STAGE)
    payload: Any = {
        "From": stage["from_number"],
        "To": phone,
        "Body": CODE,
        "Message": f"Use this code to authenticate in authentik: {CODE}",
    }
    if stage.get("mapping"):
        http = SimpleNamespace(LANGUAGE_CODE=language) if language else None
        names: dict[str, Any] = {"http_request": http} if http else {}
        payload = evaluate(
            authentik.get(MAPPING, pk=stage["mapping"])["expression"],
            user=USER,
            request=SimpleNamespace(http_request=http, user=USER, context={}),
            device=SimpleNamespace(phone_number=phone),
            token=CODE,
            stage=SimpleNamespace(**stage),
            **names,
        )
    return posted(signal, payload, {"Authorization": f"Bearer {stage['auth']}"})


@pytest.mark.parametrize("options", [[], ["--from-number", "signal"]])
def test_a_code_arrives_in_the_gateways_words(
    options: list[str], signal: responses.RequestsMock
) -> None:
    assert sent_code(signal, applied(*options)) == [
        {
            "number": NUMBER,
            "recipients": ["+4915112345678"],
            "message": "**Your verification code**\n\n004821\n\n"
            "It expires in 5 minutes. If you did not ask for it, ignore this message.",
            "text_mode": "styled",
        }
    ]


@pytest.mark.parametrize(
    ("language", "first_line"),
    [
        ("de", "**Ihr Bestätigungscode**"),
        ("fr-ca", "**Votre code de vérification**"),
        ("zh-hans", "**Your verification code**"),
        (None, "**Your verification code**"),
    ],
)
def test_a_code_arrives_in_the_language_of_the_page(
    language: str | None, first_line: str, signal: responses.RequestsMock
) -> None:
    found = sent_code(signal, applied("--language", "user"), language)
    assert found[0]["message"].splitlines()[:3] == [first_line, "", CODE]


@pytest.mark.parametrize("language", ["de", None])
def test_a_code_arrives_in_authentiks_words(
    language: str | None, signal: responses.RequestsMock
) -> None:
    assert sent_code(signal, applied("--template-in", "authentik"), language) == [
        {
            "number": NUMBER,
            "recipients": ["+4915112345678"],
            "message": "Your verification code: 004821\n\n"
            "It expires in 5 minutes. If you did not ask for it, ignore this message.",
            "text_mode": "normal",
        }
    ]


@pytest.mark.parametrize(
    "options", [[], ["--template-in", "authentik"], ["--language", "user"]]
)
def test_who_types_a_placeholder_for_a_number_writes_to_nobody(
    options: list[str], signal: responses.RequestsMock
) -> None:
    with pytest.raises(AssertionError, match="is not a number that Signal can reach"):
        sent_code(signal, applied(*options), phone="{ADMINS}")
    assert not signal.calls
