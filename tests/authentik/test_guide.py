"""docs/authentik.md tells what the blueprints really do."""

import re

from tests.authentik.files import ALERTS, CODES_BY_LANGUAGE, ROOT, applied
from tests.authentik.stand_in import MAPPING
from tests.documentation.documents import blocks, text_of

GUIDE = "docs/authentik.md"


def test_the_mappings_told_are_those_of_the_blueprints() -> None:
    shown = {block.text for block in blocks(GUIDE) if block.language == "python"}
    authentik = applied(CODES_BY_LANGUAGE, ALERTS)
    for name in ("signal-code", "signal-alerts-body"):
        assert authentik.get(MAPPING, name=name)["expression"] in shown


def test_every_object_that_is_named_is_one_of_the_blueprints() -> None:
    named = set(re.findall(r"`(signal-[a-z-]+)`", text_of(GUIDE)))
    names = applied(CODES_BY_LANGUAGE, ALERTS).names()
    assert named - {"signal-gateway"} <= set(names)


def test_what_is_mounted_into_authentik_is_there() -> None:
    mounted = re.findall(
        r"`\./authentik-signal-gateway/(\S+):/blueprints/", text_of(GUIDE)
    )
    assert len(mounted) == 2
    assert all((ROOT / path).exists() for path in mounted)
