"""How the blocks of the documents are run. Each of these raises an error if its block is wrong."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import responses
from flask.testing import FlaskClient

from app import template_file
from app.errors import KINDS
from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.documentation import mappings, senders, services
from tests.documentation.catalogue import ENVIRON, merged, templates_of
from tests.documentation.documents import ROOT, Block
from tests.documentation.reading import Reading

NOTIFICATION = {
    "body": "hello",
    "severity": "alert",
    "user_email": "a@b.c",
    "user_username": "a",
}


@dataclass(frozen=True)
class Case:
    """A block, what became of its document's shell blocks, and a folder for files."""

    block: Block
    reading: Callable[[], Reading]
    folder: Path


def typed(case: Case) -> None:
    """The shell block ended well when its document was typed."""
    problem = case.reading().problems.get(case.block)
    assert problem is None, problem


def measured(case: Case) -> None:
    """Figures cannot be printed anew; the machine stands before them, and nothing failed."""
    first, *lines = case.block.text.strip().splitlines()
    assert re.match(r"\d+ x \w", first)
    assert any(re.search(r"\d", line) for line in lines)
    assert not re.search(
        r"[1-9]\d* (lost|double|contradictions|failed)", case.block.text
    )


def diagram(case: Case) -> None:
    """A flow chart whose every line is one arrow."""
    first, *lines = case.block.text.strip().splitlines()
    assert re.fullmatch("flowchart (LR|TB)", first)
    node = r"\w+(\[[^\[\]]+\])?"
    for line in lines:
        assert re.fullmatch(rf" +{node} --( [^-]+ --)?> {node}", line), line


def shown(case: Case) -> None:
    """The block was printed when its document was typed; … stands for anything."""
    lines = [line.rstrip() for line in case.block.text.strip("\n").split("\n")]
    pattern = "\n".join(re.escape(line).replace("…", ".*") + " *" for line in lines)
    output = case.reading().output
    assert re.search(
        f"^{pattern}$", output, re.MULTILINE
    ), f"not printed. All output:\n{output}"


def templates(case: Case) -> None:
    """The gateway's own loader takes the block as a part of templates.yaml."""
    others = templates_of(case.block.document)
    path = merged(case.folder, others, ("variables", "templates"))
    path = merged(case.folder, [case.block], template_file.SECTIONS, path)
    problems: list[str] = []
    template_file.read(path, ENVIRON, None, None, problems)
    assert problems == []


def mapping(case: Case) -> None:
    """authentik runs the block, and the gateway sends what it gives, or lets in with its headers."""
    given = mappings.returned(case.block.text.replace("<the token>", TOKEN))
    if "Authorization" in given:
        assert _posted(case, NOTIFICATION, given) == 201
    else:
        assert _posted(case, given, BEARER) == 201


def answer(case: Case) -> None:
    """An answer of the gateway's names a code that there is."""
    document = json.loads(case.block.text)
    listed = document.get("errors", {}).get("recipients", [])
    codes = [document.get("code", "internal"), *(entry["reason"] for entry in listed)]
    assert set(codes) <= set(KINDS)


def payload(case: Case) -> None:
    """The gateway sends the block."""
    assert _posted(case, json.loads(case.block.text), BEARER) == 201


def home_assistant(case: Case) -> None:
    """Home Assistant's own client sends with this configuration."""
    assert senders.home_assistant(case.block.text) == [
        {
            "number": "+4915100000001",
            "recipients": ["+4915112345678"],
            "message": senders.MESSAGE,
            "text_mode": "normal",
        }
    ]


def prometheus(case: Case) -> None:
    """promtool takes the block as prometheus.yml, with the file of alerts beside it."""
    (case.folder / "prometheus.yml").write_text(case.block.text)
    (case.folder / "signal-gateway.token").write_text(TOKEN)
    shutil.copy(ROOT / "docs/monitoring/alerts.yaml", case.folder)
    command = ["promtool", "check", "config", str(case.folder / "prometheus.yml")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def compose(case: Case) -> None:
    """With the environment of its service the gateway sends a code and an alert."""
    assert services.sent(case.block.text) == [
        ["+4915112345678"],
        ["+4915111111111"],
    ]


def _posted(case: Case, document: Any, headers: dict[str, str]) -> int:
    with responses.RequestsMock() as signal:
        signal.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
        return (
            _client(case).post("/v2/send", json=document, headers=headers).status_code
        )


def _client(case: Case) -> FlaskClient:
    """The gateway with the templates that the document shows, but without its rules for clients."""
    shown_here = templates_of(case.block.document)
    path = merged(case.folder, shown_here, ("variables", "templates", "errors"))
    return client(ENVIRON, templates_file=path)
