"""Requests of other senders, set up as docs/other-senders.md says, with what Signal gets.

A file of senders/ begins with the client's name; its ``entered`` is what the document says to enter.
"""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import responses
import yaml
from flask.testing import FlaskClient

from app.settings import ApiToken
from tests.conftest import TOKEN, client
from tests.documentation.catalogue import ENVIRON, is_templates, loaded, merged
from tests.documentation.documents import blocks, code_in, prose
from tests.posting import sent

DOCUMENT = "docs/other-senders.md"
FILES = sorted((Path(__file__).parent / "senders").glob("*.yaml"))
BLOCKS = [block for block in blocks(DOCUMENT) if is_templates(block)]
TEMPLATES = {name for block in BLOCKS for name in loaded(block).get("templates", ())}
TRIED_ELSEWHERE = {"grafana", "gitea-push", "gitea-issues"}  # by test_requests.py


def case_in(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return case


def gateway(name: str, folder: Path) -> FlaskClient:
    """With the document's templates and rules, and the token as that of the client ``name``."""
    (rules,) = (block for block in BLOCKS if "clients" in loaded(block))
    others = loaded(rules)["clients"].keys() - {name}
    tokens = [ApiToken.of(other, f"token-of-{other:.>16}") for other in others]
    return client(
        ENVIRON,
        templates_file=merged(folder, DOCUMENT, rules),
        api_tokens=(ApiToken.of(name, TOKEN), *tokens),
    )


def header(authorization: str) -> str:
    """As the sender makes it of ``Bearer TOKEN`` or ``Basic any:TOKEN``."""
    scheme, credentials = authorization.replace("TOKEN", TOKEN).split()
    if scheme == "Basic":
        credentials = b64encode(credentials.encode()).decode()
    return f"{scheme} {credentials}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sender_has_exactly_this_outcome(
    path: Path, signal: responses.RequestsMock, tmp_path: Path
) -> None:
    case = case_in(path)
    answer = gateway(path.stem.partition("_")[0], tmp_path).open(
        case["path"],
        method=case.get("method", "POST"),
        headers={**case["headers"], "Authorization": header(case["authorization"])},
        data=case["body"].encode(),
    )
    assert sent(signal) == case["sent"]
    assert answer.status_code == case["status"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_document_says_what_to_enter(path: Path) -> None:
    case = case_in(path)
    told = code_in(prose(DOCUMENT))
    assert [text for text in case["entered"] if text not in told] == []
    template = case["path"].removeprefix("/v2/send/")
    assert template not in TEMPLATES or case["entered"][0].endswith(case["path"])


def test_every_template_of_the_document_is_tried() -> None:
    tried = {case_in(path)["path"].removeprefix("/v2/send/") for path in FILES}
    assert TEMPLATES - TRIED_ELSEWHERE == tried & TEMPLATES
