"""The way of a request: few files, and none calls back one that stands above it."""

import re
import sys
import threading
from configparser import ConfigParser
from types import FrameType
from typing import Any

import pytest
import responses

from tests.conftest import BEARER, client
from tests.gateway import ROOT

APP = f"{ROOT / 'app'}/"
CODE = {
    "From": "authentik",
    "To": "+49 151 12345678",
    "Body": "004821",
    "Message": "Use this code: 004821",
}
MOST = 15


class Way:
    """The calls between the files of ``app``, in their order; the first has no caller."""

    def __init__(self) -> None:
        self.calls: list[tuple[str | None, str]] = []

    def note(self, frame: FrameType, event: str, value: Any) -> None:
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(APP):
            return
        caller = frame.f_back
        while caller and not caller.f_code.co_filename.startswith(APP):
            caller = caller.f_back
        above = caller.f_code.co_filename.removeprefix(APP) if caller else None
        self.calls.append((above, name.removeprefix(APP)))


@pytest.fixture
def way(signal: responses.RequestsMock) -> Way:
    """That of a code that Signal accepts."""
    caller, found = client(), Way()
    threading.setprofile(found.note)
    sys.setprofile(found.note)
    try:
        answer = caller.post("/v2/send", json=CODE, headers=BEARER)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert answer.status_code == 201
    return found


def layers() -> dict[str, tuple[int, int]]:
    """How far down each file stands by the contracts in setup.cfg."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    found = {}
    for part, (name, folder) in enumerate([("layers", ""), ("signal", "signal/")]):
        lines = config[f"importlinter:contract:{name}"]["layers"].split("\n")
        for place, line in enumerate(lines):
            for module in line.replace(" ", "").split("|"):
                found[f"{folder}{module.removeprefix('app.')}.py"] = part, place
    within = found["signal.py"][1]
    return {
        file: (within, place) if part else (place, 0)
        for file, (part, place) in found.items()
    }


def test_it_is_the_one_that_is_told(way: Way) -> None:
    section = (ROOT / "docs/performance.md").read_text().split("## The way of a ")[1]
    visited = list(dict.fromkeys(name for _, name in way.calls))
    assert re.findall(r"^\d+\. `(.+?)`", section, re.MULTILINE) == visited
    assert len(visited) <= MOST


def test_no_file_calls_one_above_it_or_beside_it(way: Way) -> None:
    place = layers()
    across = {call for call in way.calls if call[0] and call[0] != call[1]}
    assert len(across) > MOST
    assert {(a, b) for a, b in across if a and place[a] >= place[b]} == set()
