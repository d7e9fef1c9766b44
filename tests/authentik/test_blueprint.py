"""The blueprint as a document: its text, and whether authentik would take it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft7Validator

from tests.authentik.stand_in import META, STAGE, VALIDATION, Tag, load
from tests.authentik.writing import (
    ALL,
    BINDING,
    MAPPING,
    RULE,
    TRANSPORT,
    URL,
    old_authentik,
    written,
)

FOLDER = Path(__file__).parent

# What authentik needs to make such an object; its schemas do not say.
NEEDED = {
    MAPPING: {"name", "expression"},
    STAGE: {"name", "provider", "from_number", "account_sid", "auth", "auth_type", "configure_flow"},
    "authentik_flows.flow": {"slug", "name", "title", "designation", "authentication"},
    "authentik_flows.flowstagebinding": {"target", "stage", "order"},
    VALIDATION: {"name", "device_classes", "not_configured_action"},
    TRANSPORT: {"name", "mode", "webhook_url", "webhook_mapping_headers", "send_once"},
    "authentik_policies_event_matcher.eventmatcherpolicy": {"name", "action"},
    "authentik_policies_expression.expressionpolicy": {"name", "expression"},
    RULE: {"name", "severity", "transports", "destination_group"},
    BINDING: {"target", "policy", "order"},
    META: {"identifiers", "required"},
}  # fmt: skip
SCHEMAS = [
    json.loads((FOLDER / f"schema-{version}.json").read_text())
    for version in ("2026.2", "2026.8")
]


def tags(value: Any) -> Iterator[Tag]:
    if isinstance(value, Tag):
        yield value
        value = value.value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from tags(item)


@pytest.mark.parametrize(
    ("file", "options"),
    [("default.yaml", URL), ("removal.yaml", ["--remove"])],
)
def test_this_is_what_is_written(file: str, options: list[str]) -> None:
    assert written(*options) == (FOLDER / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("schema", SCHEMAS, ids=["2026.2", "2026.8"])
def test_authentiks_own_schema_takes_whatever_is_written(schema: Any) -> None:
    validator = Draft7Validator(schema)
    for options in ALL:
        document = old_authentik().resolved(written(*options))
        found = [error.message for error in validator.iter_errors(document)]
        assert found == [], options


@pytest.mark.parametrize("schema", SCHEMAS, ids=["2026.2", "2026.8"])
def test_no_attribute_is_unknown_to_authentik_which_would_ignore_it(
    schema: Any,
) -> None:
    for options in ALL:
        for entry in load(written(*options))["entries"]:
            known = set(schema["$defs"][f"model_{entry['model']}"]["properties"])
            assert set(entry.get("attrs", {})) <= known
            assert set(entry.get("identifiers", {})) <= known


def test_no_attribute_is_missing_that_authentik_needs() -> None:
    for options in ALL:
        for entry in load(written(*options))["entries"]:
            given = {*entry.get("attrs", {}), *entry.get("identifiers", {})}
            if entry.get("state") != "absent":
                assert NEEDED[entry["model"]] <= given, entry


def test_every_variable_and_file_has_a_default_that_shows_itself() -> None:
    found = [t for options in ALL for t in tags(load(written(*options)))]
    secrets = [tag for tag in found if tag.name in ("Env", "File")]
    assert secrets
    assert all(tag.value[1].startswith("CHANGE-ME: ") for tag in secrets)


def test_a_reference_leads_to_an_earlier_entry() -> None:
    for options in ALL:
        earlier: set[str] = set()
        for entry in load(written(*options))["entries"]:
            wanted = {tag.value for tag in tags(entry) if tag.name == "KeyOf"}
            assert wanted <= earlier
            assert entry.get("id", "") not in earlier
            earlier.add(entry.get("id", "-"))


def test_the_host_of_the_transport_is_one_that_authentik_takes() -> None:
    for options in ALL:
        for entry in load(written(*options))["entries"]:
            if "webhook_url" in entry.get("attrs", {}):
                parts = urlsplit(entry["attrs"]["webhook_url"])
                assert (parts.hostname, parts.path) == (
                    "gateway.example.com",
                    "/v2/send",
                )


def test_nothing_is_touched_that_is_not_ours() -> None:
    for options in ALL:
        for entry in load(written(*options))["entries"]:
            identifiers = entry.get("identifiers", {})
            name = identifiers.get("name") or identifiers.get("slug")
            assert (
                entry["model"] in (META, BINDING, "authentik_flows.flowstagebinding")
                or name.startswith("signal-")
                or entry["state"] == "created"
            )
