"""The tables of the README are those of the code."""

import re

from app.environment import Source
from app.errors import KINDS
from app.settings import LEVELS, Settings
from tests.documentation.documents import (
    ROOT,
    blocks,
    code_in,
    documents,
    table,
    text_of,
)
from tests.documentation.reading import SHELLS

VARIABLES = table("README.md", "variable")
ANSWERS = table("README.md", "status")
READING = re.compile(
    r"\b(?:get|environ\.get)\(\s*\"([A-Z_]+)\"|environ\[['\"]([A-Z_]+)['\"]\]"
)
OF_GUNICORN = {"GUNICORN_CMD_ARGS"}  # read by gunicorn itself
MADE_BY_ITSELF = {"PROMETHEUS_MULTIPROC_DIR"}
OF_THE_SHELL = {"PATH", "HOME"}
OF_OTHERS = {  # of signal-cli-rest-api and of authentik
    "MODE",
    "SIGNAL_GATEWAY_URL",
    "SIGNAL_GATEWAY_TOKEN",
    "SIGNAL_ALERTS_TOKEN",
}


def read_by_the_code() -> set[str]:
    """The variables that settings, gunicorn's settings and templates.yaml ask for."""
    found = set(OF_GUNICORN)
    for name in ("app/settings.py", "app/environment.py", "gunicorn.conf.py"):
        for names in READING.findall(text_of(name)):
            found |= set(names) - {""}
    found -= {f"{name}_FILE" for name in Source.SECRETS} | MADE_BY_ITSELF
    lines = text_of("templates.yaml").splitlines()
    used = [line.partition("#")[0] for line in lines]
    return found | set(re.findall(r"\$\{([A-Z_]+)", "\n".join(used)))


def told(rows: list[list[str]]) -> set[str]:
    return {name for row in rows for name in code_in(row[0])}


def test_every_variable_of_the_code_is_told_and_every_one_told_is_read() -> None:
    assert told(VARIABLES) == read_by_the_code()


def test_the_variables_that_may_come_from_a_file_are_marked() -> None:
    marked = [row for row in VARIABLES if row[0].endswith("*")]
    assert told(marked) == set(Source.SECRETS)


def test_the_defaults_told_are_those_of_the_code() -> None:
    defaults = Settings()
    given = {row[0].split("`")[1]: row[2].strip("`") for row in VARIABLES}
    assert given["SIGNAL_TIMEOUT"] == str(defaults.signal_timeout)
    assert given["MAX_BODY_BYTES"] == str(defaults.max_body_bytes)
    assert given["TEMPLATES_FILE"] == str(defaults.templates_file)
    assert given["RATE_LIMIT_STORAGE_URI"] == defaults.rate_limit_storage_uri
    assert defaults.log_level in LEVELS


def test_every_code_is_told_with_its_status() -> None:
    statuses = {}
    for status, codes, *_ in ANSWERS:
        numbers = re.findall(r"\d{3}", status)
        names = code_in(codes)
        for position, name in enumerate(names):
            statuses[name] = int(numbers[min(position, len(numbers) - 1)])
    assert statuses == {code: kind.status for code, kind in KINDS.items()}


def test_every_code_is_among_the_reasons_why_a_code_did_not_come() -> None:
    rows = table("docs/authentik.md", "the log says")
    assert told(rows) == set(KINDS) | {"sent"}


def test_every_variable_set_in_a_shell_block_is_one_of_ours_or_used_there() -> None:
    known = read_by_the_code() | OF_THE_SHELL | OF_OTHERS
    known |= {f"{x}_FILE" for x in Source.SECRETS}
    unknown = []
    for document in documents():
        shells = [x for x in blocks(document) if x.language in SHELLS]
        used = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(x.text for x in shells)))
        for block in shells:
            names = set(re.findall(r"(?:^|[\s;])([A-Z][A-Z_]+)=", block.text))
            unknown += [f"{block}: {name}" for name in sorted(names - known - used)]
    assert unknown == []


def test_ci_runs_the_test_command_that_the_readme_tells() -> None:
    section = text_of("README.md").partition("\n## Test\n")[2].partition("\n## ")[0]
    command = next(line for line in section.splitlines() if "pytest" in line)
    told = [x.text.splitlines() for x in blocks("README.md") if x.language in SHELLS]
    assert [command] in told
    assert "sed -n '/^## Test$/,/^## /p' README.md | grep -m 1 pytest" in text_of(
        ".ci/run"
    )


def test_the_tables_were_found() -> None:
    assert len(VARIABLES) > 10 and len(ANSWERS) > 15
    assert (ROOT / "README.md").is_file()
