"""The tests of the documents find what is wrong."""

from pathlib import Path

import pytest

from tests.documentation import rules
from tests.documentation.documents import (
    Block,
    anchors,
    blocks,
    links,
    table,
    text_of,
)
from tests.documentation.rules import Case
from tests.documentation.sandbox import Typed, read

DOCUMENT = "tests/documentation/wrong.md"
LINES = text_of(DOCUMENT).splitlines()


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Typed:
    return read(blocks(DOCUMENT), tmp_path_factory.mktemp("wrong"))


@pytest.mark.parametrize("block", rules.parameters(blocks(DOCUMENT)))
def test_a_wrong_block_is_found(
    block: Block, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    case = Case(block, lambda: request.getfixturevalue("typed"), tmp_path)
    with pytest.raises(Exception) as found:
        rules.action(block)(case)
    assert LINES[block.line - 3] in str(found.value)


def test_a_document_is_taken_apart(tmp_path: Path) -> None:
    document = str(tmp_path / "x.md")
    Path(document).write_text(
        "# A `b`: c?\n## Twice\n## Twice\n[x](docs/y.md#y) [out](https://example.com)\n"
        "`[no](link)`\n\n| a | b |\n|---|---|\n| 1 | `x\\|y` |\n| | 2 |\n\n| 3 | 4 |\n"
        "- in a list\n\n  ```sh\n  # no heading\n  true\n  ```\n"
    )
    assert blocks(document) == [Block(document, 15, "sh", "# no heading\ntrue\n")]
    assert anchors(document) == {"a-b-c", "twice", "twice-1"}
    assert links(document) == ["docs/y.md#y"]
    assert table(document, "a") == [["1", "`x\\|y`"], ["", "2"]]


@pytest.mark.parametrize("text", ["```sh\ntrue\n", "```sh\n\n```yaml\na: b\n```\n"])
def test_a_block_that_is_not_closed_is_found(text: str, tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text(text)
    with pytest.raises(ValueError, match="a block is not opened or not closed"):
        blocks(str(document))
