"""What is done with the blocks of the documents: the first rule that fits runs a block.

A new kind of block needs a line in `RULES`, and an action that raises an error if the block is wrong.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import responses
from pysignalclirestapi import SignalCliRestApi

from app.settings import ApiToken
from tests import gateway, standin
from tests.authentik.posting import FAILED_LOGIN, USER
from tests.authentik.stand_in import evaluate
from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.documentation.catalogue import ENVIRON, is_templates, loaded, merged
from tests.documentation.documents import ROOT, Block
from tests.documentation.sandbox import SHELLS, Typed

ALERT = {"body": "hello", "severity": "alert", "user_email": "", "user_username": ""}
NAMES = {
    "user": USER,
    "request": SimpleNamespace(http_request=None),
    "token": "004821",
    "device": SimpleNamespace(phone_number="+49 151 12345678"),
    "stage": SimpleNamespace(from_number="authentik"),
    "notification": SimpleNamespace(severity="alert", event=FAILED_LOGIN),
}


@dataclass(frozen=True)
class Case:
    """A block, its problem and all that was printed when its document was typed, a folder for files."""

    block: Block
    typing: Callable[[], Typed]
    folder: Path


def typed(case: Case) -> None:
    """The shell block ended well when its document was typed."""
    problem = case.typing()[0][case.block]
    assert not problem, problem


def measured(case: Case) -> None:
    """Figures cannot be printed anew; the machine stands before them, and nothing failed."""
    text = case.block.text
    assert re.match(r"\d+ x \w.*\n(.*\n)*.*\d", text)
    assert not re.search(r"[1-9]\d* (lost|double|contradictions|failed)", text)


def shown(case: Case) -> None:
    """The block was printed when its document was typed; … stands for anything."""
    lines = [re.escape(line.rstrip()) for line in case.block.text.splitlines()]
    pattern = " *\n".join(lines).replace("…", ".*")
    output = case.typing()[1]
    is_shown = re.search(f"^{pattern} *$", output, re.MULTILINE)
    assert is_shown, f"not printed. All output:\n{output}"


def templates(case: Case) -> None:
    """The gateway starts with the block as a part of templates.yaml."""
    path = merged(case.folder, case.block.document, case.block)
    names = {"authentik", *loaded(case.block).get("clients", {})}
    tokens = tuple(ApiToken.of(name, f"token-of-{name:.>16}") for name in names)
    client(ENVIRON, templates_file=path, api_tokens=tokens)


def mapping(case: Case) -> None:
    """authentik runs the block, and the gateway sends what it gives, or lets in with its headers."""
    given = evaluate(case.block.text.replace("<the token>", TOKEN), **NAMES)
    is_header = "Authorization" in given
    document, headers = (ALERT, given) if is_header else (given, BEARER)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as signal:
        signal.post(f"{SIGNAL}/v2/send", status=201, json={"timestamp": "1"})
        answer = client(ENVIRON).post("/v2/send", json=document, headers=headers)
        assert answer.status_code == 201


def home_assistant(case: Case) -> None:
    """Home Assistant's own client sends with this configuration.

    Source: home-assistant/core homeassistant/components/signal_messenger/notify.py.
    """
    (entry,) = loaded(case.block)["notify"]
    assert set(entry) == {"name", "platform", "url", "number", "recipients"}
    assert entry["platform"] == "signal_messenger"
    with standin.running() as signal, gateway.sending(signal.url) as running:
        url = entry["url"].replace("TOKEN", gateway.TOKEN)
        host = running.url.removeprefix("http://")
        url = url.replace("https://", "http://").replace("gateway.example.com", host)
        api = SignalCliRestApi(url, entry["number"])
        api.about()  # as the form of the integration does
        api.send_message(
            "The *door*", entry["recipients"], None, None, text_mode="normal"
        )
        del api  # its connection, if it stayed open, would hold the gateway up
    (sent,) = signal.books.requests
    assert (sent["number"], sent["recipients"]) == (
        "+4915100000001",
        ["+4915112345678"],
    )
    assert (sent["message"], sent["text_mode"]) == ("The *door*", "normal")


def prometheus(case: Case) -> None:
    """promtool takes the block as prometheus.yml, with the file of alerts beside it."""
    (case.folder / "prometheus.yml").write_text(case.block.text)
    (case.folder / "signal-gateway.token").write_text(TOKEN)
    shutil.copy(ROOT / "docs/monitoring/alerts.yaml", case.folder)
    command = ["promtool", "check", "config", str(case.folder / "prometheus.yml")]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 rule files found" in result.stdout
    (job,) = loaded(case.block)["scrape_configs"]
    alerts = (case.folder / "alerts.yaml").read_text()
    assert f'up{{job="{job["job_name"]}"}}' in alerts


Rule = tuple[Callable[[Block], bool], Callable[[Case], None]]
RULES: tuple[Rule, ...] = (
    (lambda block: block.language in SHELLS, typed),
    (lambda block: block.language == "python", mapping),
    (lambda block: block.document == "docs/performance.md", measured),
    (lambda block: block.language in ("", "text"), shown),
    (is_templates, templates),
    (lambda block: "notify" in loaded(block), home_assistant),
    (lambda block: "scrape_configs" in loaded(block), prometheus),
)


# What a reader types calls curl and openssl.
OF_SYSTEM = (typed, shown, prometheus)


def nobody(case: Case) -> None:
    raise AssertionError(
        f"nobody runs {case.block}: it needs a line in RULES of rules.py"
    )


def action(block: Block) -> Callable[[Case], None]:
    """That of the first rule that fits."""
    return next((action for fits, action in RULES if fits(block)), nobody)


def parameters(blocks: list[Block]) -> list[Any]:
    """Of a test; marked if the block needs programs of the system."""
    return [
        pytest.param(
            block,
            marks=pytest.mark.system if action(block) in OF_SYSTEM else (),
            id=str(block),
        )
        for block in blocks
    ]
