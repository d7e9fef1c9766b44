"""Every link leads somewhere, and every document can be found."""

from pathlib import Path

import pytest

from tests.documentation.documents import (
    ROOT,
    anchors,
    documents,
    files_named,
    links,
)

LINKS = [(document, link) for document in documents() for link in links(document)]
FILES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "docs").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_a_link_leads_somewhere(document: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / document).parent / path if path else ROOT / document
    assert target.exists(), f"{document}: nothing is at {link}"
    if anchor:
        named = str(target.resolve().relative_to(ROOT.resolve()))
        assert anchor in anchors(named), f"{document}: {named} has no {anchor}"


@pytest.mark.parametrize("document", documents())
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    assert [name for name in files_named(document) if not list(ROOT.glob(name))] == []


@pytest.mark.parametrize("file", FILES)
def test_every_file_below_docs_is_linked(file: str) -> None:
    places = {(Path(name).parent, link.partition("#")[0]) for name, link in LINKS}
    linked = {(ROOT / folder / path).resolve() for folder, path in places}
    assert (ROOT / file).resolve() in linked or pytest.fail(f"no link leads to {file}")


def test_links_were_found() -> None:
    assert len(LINKS) > 2 and len(FILES) > 1
