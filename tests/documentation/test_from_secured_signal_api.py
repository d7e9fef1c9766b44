"""docs/from-secured-signal-api.md: each field that it names gets this value."""

from pathlib import Path

import responses
import yaml

from tests.conftest import ADMIN, BEARER, NUMBER, client
from tests.documentation.catalogue import ENVIRON
from tests.documentation.documents import code_in, table
from tests.test_webhooks import sent

DOCUMENT = "docs/from-secured-signal-api.md"
PAYLOAD = {
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
    codes = [code for row in table(DOCUMENT, "there") for code in code_in(row[1])]
    fields = {x for x in codes if x[0] in "{$" and not x.startswith("{{")}
    assert fields == set(FIELDS)


def test_the_fields_of_the_table_are_filled(
    signal: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    document = {
        "variables": {"NUMBER": NUMBER},
        "templates": {"sms": {"message": "\n".join(FIELDS)}},
    }
    path.write_text(yaml.safe_dump(document))
    environ = {**ENVIRON, "NAME": "from the environment"}
    client(environ, templates_file=path).post("/v2/send", json=PAYLOAD, headers=BEARER)
    assert sent(signal)[0]["message"] == "\n".join(FIELDS.values())
