"""Every link leads somewhere, and every document can be found."""

from pathlib import Path

import pytest

from tests.documentation.documents import ROOT, anchors, documents, files_named, links

LINKS = [(document, link) for document in documents() for link in links(document)]
FILES = [  # for readers; the script that draws the picture is none
    path
    for path in sorted((ROOT / "docs").rglob("*"))
    if path.is_file() and not path.suffix.startswith(".py")
]


def target(document: str, link: str) -> Path:
    """The file that a link leads to."""
    path = link.partition("#")[0]
    return ((ROOT / document).parent / path if path else ROOT / document).resolve()


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_a_link_leads_somewhere(document: str, link: str) -> None:
    path, anchor = target(document, link), link.partition("#")[2]
    assert path.exists(), f"{document}: nothing is at {link}"
    has_anchor = not anchor or anchor in anchors(str(path))
    assert has_anchor, f"{document}: {path.name} has no {anchor}"


@pytest.mark.parametrize("document", documents())
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    assert [name for name in files_named(document) if not list(ROOT.glob(name))] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_below_docs_is_linked(file: Path) -> None:
    is_linked = file.resolve() in {target(*link) for link in LINKS}
    assert is_linked, f"no link leads to {file}"
