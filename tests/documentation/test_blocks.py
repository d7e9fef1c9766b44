"""Every block of every document does what its document says."""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.documentation import rules
from tests.documentation.documents import Block, blocks, documents, text_of
from tests.documentation.rules import Case
from tests.documentation.sandbox import ELSEWHERE, SHELLS, Typed, read

BLOCKS = [block for document in documents() for block in blocks(document)]
MODULES = re.findall(r"python -m (tests\.[\w.]+)", "\n".join(map(text_of, documents())))


@pytest.fixture(scope="session")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Typed]:
    return cache(lambda name: read(blocks(name), tmp_path_factory.mktemp("reader")))


@pytest.mark.parametrize("block", rules.parameters(BLOCKS))
def test_a_block_does_what_its_document_says(
    block: Block, typed: Callable[[str], Typed], tmp_path: Path
) -> None:
    case = Case(block, partial(typed, block.document), tmp_path)
    rules.action(block)(case)


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_every_command_that_is_not_run_stands_in_a_document(pattern: str) -> None:
    shells = [block.text for block in BLOCKS if block.language in SHELLS]
    text = "\n".join(shells).replace("\\\n", " ").replace("'", "")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    is_used = any(fnmatchcase(line, f"*{pattern}*") for line in lines)
    assert is_used, f"no document has `{pattern}`: take it out of elsewhere.yaml"


@pytest.mark.parametrize("module", MODULES)
def test_every_measurement_that_a_document_names_is_there(module: str) -> None:
    assert find_spec(module)
