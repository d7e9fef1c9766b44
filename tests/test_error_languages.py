"""The German and the French sentences at the end of ``templates.yaml``, which wait there as comments."""

import re
from pathlib import Path

import pytest
import responses
import yaml
from flask.testing import FlaskClient

from app.errors import KINDS
from tests.conftest import BEARER, SIGNAL, client

OURS = Path(__file__).parent.parent / "templates.yaml"
LANGUAGES = ("Deutsch", "Français")
CODE = {"To": "+4915112345678", "Body": "482915"}
AUTHENTIK = {**BEARER, "User-Agent": "authentik@2026.8.0"}


def in_use(language: str) -> str:
    """Our file with the list of this language no comment any more."""
    before, head, rest = OURS.read_text().partition(f"#errors: # {language}\n")
    commented, blank_line, after = (head + rest).partition("\n\n")
    sentences = re.sub("^#", "", commented, flags=re.MULTILINE)
    return before + sentences + blank_line + after


def speaking(text: str, folder: Path) -> FlaskClient:
    path = folder / "templates.yaml"
    path.write_text(text)
    return client(templates_file=path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_waits_with_a_sentence_of_its_own_for_every_code(
    language: str,
) -> None:
    assert "errors" not in yaml.safe_load(OURS.read_text())
    found = yaml.safe_load(in_use(language))["errors"]
    assert list(found) == list(KINDS)
    assert [code for code in found if found[code] == KINDS[code].sentence] == []
    # They would be filled in in English.
    assert "{wait}" not in str(found) and "{hint}" not in str(found)


@pytest.mark.parametrize(
    ("language", "unknown", "too_many"),
    [
        (
            "Deutsch",
            "Diese Nummer ist nicht bei Signal. Wenn sie stimmt, richten Sie zuerst Signal damit ein."
            " Melden Sie sich dann ab und wieder an, und geben Sie die Nummer mit Ländervorwahl ein,"
            " zum Beispiel +49 151 23456789.\n",
            "Das waren zu viele Nachrichten. Versuchen Sie es in {} Sekunden noch einmal."
            " Für einen neuen Code melden Sie sich ab und wieder an.\n",
        ),
        (
            "Français",
            "Ce numéro n'est pas sur Signal. S'il est correct, commencez par créer un compte Signal"
            " avec ce numéro. Ensuite, déconnectez-vous, reconnectez-vous et saisissez le numéro"
            " avec l'indicatif du pays, par exemple +33 6 39 98 12 34.\n",
            "Trop de messages ont été envoyés. Réessayez dans {} secondes."
            " Pour obtenir un nouveau code, déconnectez-vous et reconnectez-vous.\n",
        ),
    ],
)
def test_a_person_reads_what_to_do(
    language: str,
    unknown: str,
    too_many: str,
    tmp_path: Path,
    signal: responses.RequestsMock,
) -> None:
    unregistered = {"error": "Unregistered user\nFailed to send message"}
    signal.replace("POST", f"{SIGNAL}/v2/send", status=400, json=unregistered)
    caller = speaking(in_use(language), tmp_path)
    for _ in range(10):
        answer = caller.post("/v2/send", json=CODE, headers=AUTHENTIK)
        assert (answer.status_code, answer.text) == (422, unknown)
    answer = caller.post("/v2/send", json=CODE, headers=AUTHENTIK)
    seconds = answer.headers["Retry-After"]
    assert (answer.status_code, answer.text) == (429, too_many.format(seconds))
