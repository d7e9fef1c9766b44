"""docs/from-secured-signal-api.md: what it says of the move is so."""

from pathlib import Path
from typing import Any

import pytest
import responses

from tests.conftest import ADMIN, BEARER, NUMBER, client
from tests.documentation.catalogue import ENVIRON, merged, templates_of
from tests.documentation.documents import code_in, table
from tests.test_webhooks import sent

DOCUMENT = "docs/from-secured-signal-api.md"
SECTIONS = ("variables", "templates")
PAYLOAD: dict[str, Any] = {
    "to": ADMIN,
    "token": "004821",
    "data": {"timestamp": "six o'clock"},
    "array": [{"message": "a\nb"}],
    "friends": ["Ada", "Bob"],
}
FIELDS = {
    "{token}": "004821",
    "{data.timestamp}": "six o'clock",
    "{data[timestamp]}": "six o'clock",
    "{array[0].message}": "a b",
    "{array[0].message:text}": "a\nb",
    "{NUMBER}": NUMBER,
    "${NAME}": "from the environment",
    "${NAME:-default}": "from the environment",
    "{friends:lines}": "Ada\nBob",
}


def test_every_field_of_the_table_is_tried() -> None:
    cells = [code for row in table(DOCUMENT, "there") for code in code_in(row[1])]
    fields = {code for code in cells if code[:1] in "{$" and not code[:2] == "{{"}
    assert fields == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_the_table_is_filled(
    field: str, signal: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(
        "variables: {NUMBER: '${SIGNAL_NUMBER:-}'}\n"
        f"templates:\n  sms:\n    message: '{field}'\n"
    )
    environ = {**ENVIRON, "NAME": "from the environment"}
    client(environ, templates_file=path).post("/v2/send", json=PAYLOAD, headers=BEARER)
    assert [document["message"] for document in sent(signal)] == [FIELDS[field]]


@pytest.mark.parametrize(
    ("path", "document", "message"),
    [
        (
            "/v2/send",
            {"recipients": [ADMIN], "token": "004821", "number": "{{.NUMBER}}"},
            "**Your Verification Code**\n\n004821\n\nThis code expires in 5 minutes.",
        ),
        (
            "/v2/send/notify",
            {"message": "Disk *full*", "data": {"timestamp": "6:00"}},
            "**You've got a notification:**\nDisk \\*full\\*\nAt 6:00, sent by +4915100000001.",
        ),
        (
            "/v2/send/notify",
            {"message": "Disk full", "recipients": "{{.RECIPIENTS}}"},
            "**You've got a notification:**\nDisk full\n"
            "At a time that nobody knows, sent by +4915100000001.",
        ),
    ],
)
def test_the_templates_of_the_document_send_this(
    path: str,
    document: dict[str, Any],
    message: str,
    signal: responses.RequestsMock,
    tmp_path: Path,
) -> None:
    templates = merged(tmp_path, templates_of(DOCUMENT), SECTIONS)
    gateway = client(ENVIRON, templates_file=templates)
    gateway.post(path, json=document, headers=BEARER)
    assert sent(signal) == [
        {
            "number": NUMBER,
            "recipients": [ADMIN],
            "message": message,
            "text_mode": "styled",
        }
    ]


def test_a_request_for_later_is_sent_at_once(signal: responses.RequestsMock) -> None:
    document = {"to": ADMIN, "message": "Happy new year!", "send_at": "1893452400"}
    assert client().post("/v2/send", json=document, headers=BEARER).status_code == 201
    assert sent(signal)[0]["message"] == "Happy new year!"


def test_a_placeholder_in_a_text_stays_what_it_is(
    signal: responses.RequestsMock,
) -> None:
    document = {"to": ADMIN, "message": "{{.NUMBER}}"}
    client().post("/v2/send", json=document, headers=BEARER)
    assert sent(signal)[0]["message"] == "{{.NUMBER}}"
