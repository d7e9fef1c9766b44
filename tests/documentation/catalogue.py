"""The blocks of a document that are parts of templates.yaml, put into the one of this tree."""

from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node

from app import template_file
from tests.conftest import ADMIN
from tests.documentation.documents import ROOT, Block, blocks

ENVIRON = {"ADMIN_RECIPIENTS": ADMIN, "SIGNAL_NUMBER": "+4915100000001"}


def keys(block: Block) -> set[str]:
    """The keys on top of a block of YAML or JSON."""
    node: Node | None = yaml.compose(block.text, Loader=yaml.SafeLoader)
    return (
        {key.value for key, _ in node.value} if isinstance(node, MappingNode) else set()
    )


def is_templates(block: Block) -> bool:
    found = keys(block)
    return bool(found) and found <= set(template_file.SECTIONS)


def templates_of(document: str) -> list[Block]:
    """The blocks of the document that are parts of templates.yaml."""
    yamls = [block for block in blocks(document) if block.language == "yaml"]
    return [block for block in yamls if is_templates(block)]


def merged(
    folder: Path,
    added: list[Block],
    sections: tuple[str, ...],
    source: Path = ROOT / "templates.yaml",
) -> Path:
    """templates.yaml with the sections of the blocks in it, as YAML would read them."""
    root = _composed(source.read_text(encoding="utf-8"))
    for block in added:
        _add(root, _composed(block.text), sections)
    path = folder / "templates.yaml"
    path.write_text(yaml.serialize(root, allow_unicode=True), encoding="utf-8")
    return path


def _composed(text: str) -> MappingNode:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, MappingNode)
    return node


def _add(root: MappingNode, block: MappingNode, sections: tuple[str, ...]) -> None:
    """Put the entries of each section in place of those with the same name; doubles stay doubles."""
    places = {key.value: value for key, value in root.value}
    for key, value in block.value:
        if key.value not in sections:
            continue
        place = places.get(key.value)
        if isinstance(place, MappingNode) and isinstance(value, MappingNode):
            names = {name.value for name, _ in value.value}
            kept = [entry for entry in place.value if entry[0].value not in names]
            place.value = [*kept, *value.value]
        else:
            root.value.append((key, value))
