"""The tables of the documents are those of the code."""

import logging
import re

import pytest

from app import create_app
from app.errors import KINDS, ConfigurationError
from app.settings import Settings
from tests.documentation.documents import (
    ROOT,
    blocks,
    code_in,
    documents,
    table,
    text_of,
)
from tests.documentation.sandbox import SHELLS

VARIABLES = table("README.md", "variable")
ANSWERS = table("README.md", "status")
TROUBLE = "docs/troubleshooting.md"
CODES = {kind.code or name for name, kind in KINDS.items()}
DEFAULTS = "SIGNAL_TIMEOUT MAX_BODY_BYTES TEMPLATES_FILE RATE_LIMIT_STORAGE_URI"
OF_GUNICORN = {"GUNICORN_CMD_ARGS"}  # read by gunicorn itself
MADE_BY_ITSELF = {"PROMETHEUS_MULTIPROC_DIR"}
# Of signal-cli-rest-api and of authentik.
OF_OTHERS = "MODE SIGNAL_GATEWAY_URL SIGNAL_GATEWAY_TOKEN SIGNAL_ALERTS_TOKEN".split()


def read_by_the_code() -> set[str]:
    """The variables that settings, gunicorn's settings and templates.yaml ask for."""
    code = text_of("app/settings.py") + text_of("gunicorn.conf.py")
    levels = set(logging.getLevelNamesMapping())
    found = set(re.findall(r"[\"']([A-Z][A-Z_]+)[\"']", code)) - levels - MADE_BY_ITSELF
    found -= {f"{name}_FILE" for name in found}
    templates = re.sub("#.*", "", text_of("templates.yaml"))
    return found | OF_GUNICORN | set(re.findall(r"\$\{([A-Z_]+)", templates))


def told(rows: list[list[str]]) -> set[str]:
    return {name for row in rows for name in code_in(row[0])}


def test_every_variable_of_the_code_is_told_and_every_one_told_is_read() -> None:
    assert told(VARIABLES) == read_by_the_code()


def test_the_variables_that_may_come_from_a_file_are_marked() -> None:
    nowhere = {f"{name}_FILE": "/nowhere" for name in told(VARIABLES)}
    with pytest.raises(ConfigurationError) as error:
        create_app(environ=nowhere)
    tried = set(re.findall(r"(\w+)_FILE does not name a file", str(error.value)))
    assert told([row for row in VARIABLES if row[0].endswith("*")]) == tried


def test_the_defaults_told_are_those_of_the_code() -> None:
    told = {row[0].split("`")[1]: row[2].strip("`") for row in VARIABLES}
    for name in DEFAULTS.split():
        assert told[name] == str(getattr(Settings(), name.lower())), name


def test_every_code_is_told_with_its_status() -> None:
    statuses = {}
    for status, codes, *_ in ANSWERS:
        numbers = re.findall(r"\d{3}", status)
        for position, name in enumerate(code_in(codes)):
            statuses[name] = int(numbers[min(position, len(numbers) - 1)])
    assert statuses == {k.code or name: k.status for name, k in KINDS.items()}


def test_every_code_is_among_the_reasons_why_a_code_did_not_come() -> None:
    assert told(table(TROUBLE, "the log says")) == {*CODES, "sent"}


def test_the_lines_to_look_for_are_those_of_the_code() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "app").rglob("*.py")))
    code = re.sub(r'"\s+f?"', "", code)  # a sentence may go on in the next line
    details = [row[1] for row in table(TROUBLE, "the log says")]
    checks = [row[0] for row in table(TROUBLE, "`check` says")]
    lines = [line for line in code_in(" ".join(details + checks)) if " " in line]
    parts = [part.strip() for line in lines for part in line.split("…")]
    assert len(parts) > 10
    assert [part for part in parts if part not in code] == []


def test_every_variable_set_in_a_shell_block_is_one_of_ours_or_used_there() -> None:
    known = told(VARIABLES) | set(OF_OTHERS)
    known |= {f"{name}_FILE" for name in known}
    unknown = []
    for document in documents():
        shells = [x for x in blocks(document) if x.language in SHELLS]
        used = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(x.text for x in shells)))
        for block in shells:
            names = set(re.findall(r"(?:^|[\s;])([A-Z][A-Z_]+)=", block.text))
            unknown += [f"{block}: {name}" for name in names - known - used]
    assert unknown == []


def test_ci_runs_the_test_command_that_the_readme_tells() -> None:
    section = text_of("README.md").partition("\n## Test\n")[2].partition("\n## ")[0]
    command = next(line for line in section.splitlines() if "pytest" in line)
    shells = [x.text.strip() for x in blocks("README.md") if x.language in SHELLS]
    assert command in shells
    reading = "sed -n '/^## Test$/,/^## /p' README.md | grep -m 1 pytest"
    assert reading in text_of(".ci/run")


def test_every_claim_about_security_has_its_test() -> None:
    claims = re.findall(r"`(tests/[a-z_/]+\.py)::(\w+)`", text_of("docs/security.md"))
    assert len(claims) > 25
    assert [c for c in claims if f"\ndef {c[1]}(" not in text_of(c[0])] == []


def test_every_pinned_package_has_its_licence_listed() -> None:
    listed = text_of("docs/security.md").partition("## What is installed")[2]
    listed = listed.replace("-", "_").lower()
    pinned = re.findall(r"^([A-Za-z0-9_-]+)==", text_of("requirements.txt"), re.M)
    assert [p for p in pinned if p.replace("-", "_").lower() not in listed] == []
