"""Reading signal-cli's texts: each line of the table is met, and none takes long."""

import json
import re
from time import monotonic

import pytest

from app.errors import KINDS
from app.signal import rest
from app.signal.outcome import GRAVEST, State
from app.signal.reasons import LINES
from app.signal.signal_cli import read_text
from app.signal.transport import Answer
from tests.gateway import ROOT
from tests.signal.test_daemon import ERRORS
from tests.signal.test_rest import TEXTS

MEBIBYTE = 1024 * 1024
SIGNS = [line.strip() for lines in LINES.values() for line in lines.strip().split("\n")]
OF_A_LOOK_UP = ["Rate limit reached", "Unable to check if users are registered: x"]
TYPES = "NETWORK RATE_LIMIT IDENTITY UNREGISTERED INVALID_PRE_KEY"
WHOLE = [*OF_A_LOOK_UP, *(text for text, _ in TEXTS), *(text for text, *_ in ERRORS)]
KNOWN = {line.strip() for text in WHOLE for line in text.splitlines()} - {""}
KNOWN |= {f"{kind}_FAILURE" for kind in TYPES.split()}


@pytest.mark.parametrize("sign", SIGNS)
def test_each_line_of_the_table_is_one_that_signal_cli_writes(sign: str) -> None:
    assert [line for line in KNOWN if re.fullmatch(sign, line)]


def test_every_code_of_an_outcome_has_its_place_among_the_gravest() -> None:
    sources = [ROOT / "app/limits.py", *(ROOT / "app/signal").glob("*.py")]
    code = " ".join(path.read_text() for path in sources)
    made = r'(?:not_sent|server_failed|Outcome)\(\s*(?:State\.\w+, )?"(\w+)"'
    assert {None, *re.findall(made, code)} == set(GRAVEST)
    assert set(GRAVEST) - {None} <= set(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit failure\nSpecified account does not exist",
        '{"results":[{"type":"INVALID_PRE_KEY_FAILURE"},{"type":"RATE_LIMIT_FAILURE"}]}',
    ],
)
def test_what_may_have_reached_a_group_hides_what_certainly_did_not(text: str) -> None:
    body = json.dumps({"error": text}).encode()
    told = rest.read_answer(Answer(400, body), "group.YWJj")
    assert (told.state, told.server_failed) == (State.UNKNOWN, False)


@pytest.mark.parametrize("text", sorted(KNOWN))
def test_a_mebibyte_of_each_part_of_a_line_takes_no_second(text: str) -> None:
    words = re.findall(r"\S+\s*|\s+", text)
    for number, word in enumerate([*words, text, f"{text} ", f"{text}: "]):
        before = "".join(words[:number]) if number < len(words) else ""
        long = before + word * (MEBIBYTE // len(word))
        started = monotonic()
        read_text(long)
        rest.read_answer(Answer(400, long.encode()), "group.YWJj")
        assert monotonic() - started < 1, word
