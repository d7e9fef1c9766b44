"""docs/other-senders.md: the requests of other senders, each with the whole message that Signal gets."""

from pathlib import Path
from typing import Any

import pytest
import responses
import yaml
from apprise import Apprise

from tests.conftest import client
from tests.documentation.catalogue import ENVIRON, merged, templates_of
from tests.documentation.senders import servers
from tests.gateway import NUMBER, TOKEN, Gateway
from tests.standin import StandIn
from tests.test_webhooks import sent

DOCUMENT = "docs/other-senders.md"
CASES = sorted((Path(__file__).parent / "senders").glob("*.yaml"))
RECIPIENT = "+4915112345678"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_request_of_another_sender_has_exactly_this_outcome(
    path: Path, signal: responses.RequestsMock, tmp_path: Path
) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    request = case["request"]
    templates = merged(tmp_path, templates_of(DOCUMENT), ("templates",))
    answer = client(ENVIRON, templates_file=templates).post(
        request["path"], headers=request["headers"], data=request["body"].encode()
    )
    assert sent(signal) == case["sent"]
    assert answer.status_code == case["answer"]["status"]


@pytest.fixture(scope="module")
def running() -> Any:
    with servers() as pair:
        yield pair


@pytest.mark.parametrize(
    ("target", "body_format", "recipient", "message", "mode"),
    [
        (f"/{RECIPIENT}", None, RECIPIENT, "Backup\ndone *in* 3 min", "normal"),
        ("", None, NUMBER, "Backup\ndone *in* 3 min", "normal"),
        ("/@YWJj", None, "group.YWJj", "Backup\ndone *in* 3 min", "normal"),
        (
            f"/{RECIPIENT}?format=markdown",
            "markdown",
            RECIPIENT,
            "**Backup**\ndone *in* 3 min",
            "styled",
        ),
    ],
)
def test_apprise_sends_through_the_gateway(
    target: str,
    body_format: Any,
    recipient: str,
    message: str,
    mode: str,
    running: tuple[Gateway, StandIn],
) -> None:
    gateway, signal = running
    signal.books.requests.clear()
    service = Apprise()
    host = gateway.url.removeprefix("http://")
    assert service.add(f"signal://any:{TOKEN}@{host}/{NUMBER}{target}")
    assert service.notify("done *in* 3 min", title="Backup", body_format=body_format)
    assert signal.books.requests == [
        {
            "number": NUMBER,
            "recipients": [recipient],
            "message": message,
            "text_mode": mode,
        }
    ]
