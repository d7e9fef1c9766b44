"""docs/authentik.md tells what the command and the gateway really do."""

import re

from app.authentik import command
from app.authentik.expressions import ALERT_WITH_FIELDS, CODE_WITH_LANGUAGE
from app.errors import KINDS
from tests.authentik.writing import URL, old_authentik, written
from tests.conftest import settings
from tests.documentation.documents import blocks, code_in, table, text_of

GUIDE = "docs/authentik.md"


def test_every_option_is_told() -> None:
    told = [name for row in table(GUIDE, "option") for name in code_in(row[0])]
    options = [option.opts[0] for option in command(settings()).params]
    assert sorted(told) == sorted(options)


def test_every_code_of_the_gateway_is_explained() -> None:
    rows = table(GUIDE, "the log says")
    told = [name for row in rows for name in code_in(row[0])]
    assert sorted(told) == sorted({*KINDS, "sent"})


def test_the_mappings_told_are_those_of_the_blueprint() -> None:
    shown = {block.text for block in blocks(GUIDE) if block.language == "python"}
    assert {CODE_WITH_LANGUAGE, ALERT_WITH_FIELDS} < shown


def test_every_object_that_is_named_is_one_of_the_blueprint() -> None:
    authentik = old_authentik()
    authentik.apply(written(*URL, "--language", "user"))
    named = set(re.findall(r"`(signal-[a-z-]+)`", text_of(GUIDE)))
    assert named - {"signal-gateway"} <= set(authentik.names())
