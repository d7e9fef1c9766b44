"""Every block of every document does what its document says."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.documentation import actions
from tests.documentation.actions import Case
from tests.documentation.documents import Block, blocks, documents
from tests.documentation.elsewhere import ELSEWHERE
from tests.documentation.reading import SHELLS, Reading, read
from tests.documentation.rules import rule

BLOCKS = [block for document in documents() for block in blocks(document)]
# What a reader types calls curl and openssl.
OF_SYSTEM = (actions.typed, actions.shown, actions.prometheus)


@pytest.fixture(scope="session")
def reading(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Reading]:
    @cache
    def read_once(document: str) -> Reading:
        return read(blocks(document), tmp_path_factory.mktemp("reader"))

    return read_once


def marked(block: Block) -> Any:
    """A parameter of a test; marked if its block needs programs of the system."""
    marks = [pytest.mark.system] if rule(block) in OF_SYSTEM else []
    return pytest.param(block, marks=marks, id=str(block))


@pytest.mark.parametrize("block", [marked(block) for block in BLOCKS])
def test_a_block_does_what_its_document_says(
    block: Block, reading: Callable[[str], Reading], tmp_path: Path
) -> None:
    run = rule(block)
    assert run, f"{block}: a block nobody runs. rules.py needs a rule for it."
    run(Case(block, partial(reading, block.document), tmp_path))


def test_the_blocks_were_found() -> None:
    assert len(BLOCKS) > 10


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_every_command_that_is_not_run_stands_in_a_document(pattern: str) -> None:
    shells = [block.text for block in BLOCKS if block.language in SHELLS]
    lines = "\n".join(shells).replace("\\\n", " ").splitlines()
    lines = [" ".join(line.split()) for line in lines]
    assert [line for line in lines if fnmatchcase(line, f"*{pattern}*")]
