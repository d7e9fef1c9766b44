"""The blueprint files as documents: whether authentik would take them."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.authentik.files import ALERTS, ALL, CODES, FOLDER, REMOVAL, applied
from tests.authentik.stand_in import load

SCHEMAS = [
    json.loads((Path(__file__).parent / f"schema-{version}.json").read_text())
    for version in ("2026.2", "2026.8")
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=["2026.2", "2026.8"])
@pytest.mark.parametrize("text", ALL)
def test_authentiks_schema_takes_every_file_and_attribute(
    text: str, schema: Any
) -> None:
    entries = applied().apply(text)
    document = {**load(text), "entries": entries}
    found = Draft7Validator(schema).iter_errors(document)
    assert [error.message for error in found] == []
    for entry in entries:  # authentik ignores an attribute that it does not know
        known = schema["$defs"][f"model_{entry['model']}"]["properties"]
        assert {*entry.get("attrs", {}), *entry.get("identifiers", {})} <= set(known)


def test_the_files_have_names_of_their_own_which_authentik_demands() -> None:
    names = {load(text)["metadata"]["name"] for text in (CODES, ALERTS, REMOVAL)}
    assert len(names) == 3


def test_the_removal_is_never_applied_by_itself() -> None:
    files = sorted(path.name for path in FOLDER.iterdir())
    assert files == ["alerts.yaml", "codes.yaml"]
    labels = load(REMOVAL)["metadata"]["labels"]
    assert labels["blueprints.goauthentik.io/instantiate"] == "false"
