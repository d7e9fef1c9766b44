"""The blocks of a document that are parts of templates.yaml, put into the one of this tree."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ADMIN, NUMBER
from tests.documentation.documents import ROOT, Block, blocks

ENVIRON = {"ADMIN_RECIPIENTS": ADMIN, "SIGNAL_NUMBER": NUMBER}
SECTIONS = {"variables", "templates", "errors", "clients"}


def loaded(block: Block) -> dict[str, Any]:
    """The mapping in a block of YAML; empty for any other block."""
    found = yaml.safe_load(block.text) if block.language == "yaml" else None
    return found if isinstance(found, dict) else {}


def is_templates(block: Block) -> bool:
    return bool(loaded(block)) and set(loaded(block)) <= SECTIONS


@cache
def sections(document: str) -> dict[str, Any]:
    """templates.yaml with the document's entries in place of those with the same name.

    Its rules for clients are left out.
    """
    found = yaml.safe_load((ROOT / "templates.yaml").read_text(encoding="utf-8"))
    for block in filter(is_templates, blocks(document)):
        for name in loaded(block).keys() - {"clients"}:
            found[name] = {**found.get(name, {}), **loaded(block)[name]}
    return dict(found)


def merged(folder: Path, document: str, last: Block | None = None) -> Path:
    """The document's `sections` as a file; those of ``last`` stand as they are written there."""
    written, found = loaded(last) if last else {}, sections(document)
    kept = {name: entries for name, entries in found.items() if name not in written}
    text = yaml.safe_dump(kept, allow_unicode=True) if kept else ""
    path = folder / "templates.yaml"
    path.write_text(text + (last.text if last else ""), encoding="utf-8")
    return path
