"""Requests of other senders with the templates of the documents, each with what Signal gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
import yaml
from apprise import Apprise

from tests import gateway, standin
from tests.conftest import client
from tests.documentation.catalogue import ENVIRON, merged
from tests.gateway import NUMBER, TOKEN, Gateway
from tests.standin import StandIn
from tests.test_webhooks import sent

CASES = sorted((Path(__file__).parent / "requests").glob("*/*.yaml"))
RECIPIENT = "+4915112345678"
TEXT = "Backup\ndone *in* 3 min"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_request_has_exactly_this_outcome(
    path: Path, signal: responses.RequestsMock, tmp_path: Path
) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    request = case["request"]
    templates = merged(tmp_path, f"docs/{path.parent.name}.md")
    answer = client(ENVIRON, templates_file=templates).post(
        request["path"], headers=request["headers"], data=request["body"].encode()
    )
    assert sent(signal) == case["sent"]
    assert answer.status_code == case["answer"]["status"]


def test_the_requests_were_found() -> None:
    assert len({path.parent for path in CASES}) == 2


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Gateway, StandIn]]:
    with standin.running() as signal, gateway.sending(signal.url) as process:
        yield process, signal


@pytest.mark.parametrize(
    ("target", "body_format", "recipient", "message", "mode"),
    [
        (f"/{RECIPIENT}", None, RECIPIENT, TEXT, "normal"),
        ("", None, NUMBER, TEXT, "normal"),
        ("/@YWJj", None, "group.YWJj", TEXT, "normal"),
        (f"/{RECIPIENT}?format=markdown", "markdown", RECIPIENT, f"**{TEXT[:6]}**{TEXT[6:]}", "styled"),
    ],
)  # fmt: skip
def test_apprise_sends_through_the_gateway(
    target: str,
    body_format: str | None,
    recipient: str,
    message: str,
    mode: str,
    running: tuple[Gateway, StandIn],
) -> None:
    process, signal = running
    signal.books.requests.clear()
    service = Apprise()
    host = process.url.removeprefix("http://")
    assert service.add(f"signal://any:{TOKEN}@{host}/{NUMBER}{target}")
    assert service.notify("done *in* 3 min", title="Backup", body_format=body_format)
    (document,) = signal.books.requests
    assert document == {
        "number": NUMBER,
        "recipients": [recipient],
        "message": message,
        "text_mode": mode,
    }
