"""Every outcome that there is can be told, and can be the gravest."""

import re

from app.errors import KINDS
from app.signal.outcome import GRAVEST
from tests.gateway import ROOT


def test_every_code_of_an_outcome_has_its_place_among_the_gravest() -> None:
    sources = [ROOT / "app/limits.py", *(ROOT / "app/signal").glob("*.py")]
    code = " ".join(path.read_text() for path in sources)
    made = r'(?:not_sent|server_failed|Outcome)\(\s*(?:State\.\w+, )?"(\w+)"'
    found = {None, *re.findall(made, code)}
    assert found == set(GRAVEST)
    assert found - {None} <= set(KINDS)
