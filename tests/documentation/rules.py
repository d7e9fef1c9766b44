"""What is done with the blocks of the documents: the first rule that fits runs a block.

A new kind of block needs a line in `RULES`, and an action that raises an error if the block is wrong.
"""

from collections.abc import Callable

from tests.documentation import actions
from tests.documentation.actions import Case
from tests.documentation.catalogue import is_templates, keys
from tests.documentation.documents import Block
from tests.documentation.reading import SHELLS


def is_answer(block: Block) -> bool:
    return bool(keys(block) & {"timestamp", "code", "status"})


def of_home_assistant(block: Block) -> bool:
    return keys(block) == {"notify"}


def of_prometheus(block: Block) -> bool:
    return "scrape_configs" in keys(block)


def of_compose(block: Block) -> bool:
    return keys(block) == {"services"}


def of_measurement(block: Block) -> bool:
    return block.document == "docs/performance.md"


def always(block: Block) -> bool:
    return True


Rule = tuple[str, Callable[[Block], bool], Callable[[Case], None]]
RULES: tuple[Rule, ...] = (
    *((shell, always, actions.typed) for shell in SHELLS),
    ("", always, actions.shown),
    ("text", of_measurement, actions.measured),
    ("text", always, actions.shown),
    ("mermaid", always, actions.diagram),
    ("yaml", is_templates, actions.templates),
    ("yaml", of_home_assistant, actions.home_assistant),
    ("yaml", of_prometheus, actions.prometheus),
    ("yaml", of_compose, actions.compose),
    ("python", always, actions.mapping),
    ("json", is_answer, actions.answer),
    ("json", always, actions.payload),
)


def rule(block: Block) -> Callable[[Case], None] | None:
    """What runs the block; None if nothing does."""
    for language, fits, action in RULES:
        if block.language == language and fits(block):
            return action
    return None
