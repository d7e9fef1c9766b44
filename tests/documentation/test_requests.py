"""Requests of other senders with the templates of the documents, each with what Signal gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from apprise import Apprise
from responses import RequestsMock

from tests import gateway, standin
from tests.conftest import ADMIN, BEARER, client
from tests.documentation.catalogue import ENVIRON, merged
from tests.documentation.documents import code_in, table
from tests.gateway import NUMBER, TOKEN, Gateway
from tests.posting import sent
from tests.standin import StandIn

Servers = tuple[Gateway, StandIn]
CASES = sorted((Path(__file__).parent / "requests").glob("*/*.yaml"))
RECIPIENT = "+4915112345678"
MOVE = "docs/from-secured-signal-api.md"
MARKDOWN = "**Backup**\ndone *in* 3 min"
BACKUP = "Backup\ndone *in* 3 min"
APPRISE = {  # what stands behind the sender: recipient, text and mode
    f"/{RECIPIENT}": (RECIPIENT, BACKUP, "normal"),
    "": (NUMBER, BACKUP, "normal"),
    "/@YWJj": ("group.YWJj", BACKUP, "normal"),
    f"/{RECIPIENT}?format=markdown": (RECIPIENT, MARKDOWN, "styled"),
}
PAYLOAD = {
    "to": ADMIN,
    "token": "004821",
    "data": {"timestamp": "six o'clock"},
    "array": [{"message": "a\nb"}],
    "friends": ["Ada", "Bob"],
}
FIELDS = {
    "{token}": "004821",
    "{data.timestamp}": "six o'clock",
    "{data[timestamp]}": "six o'clock",
    "{array[0].message}": "a b",
    "{array[0].message:text}": "a\nb",
    "{NUMBER}": NUMBER,
    "${NAME}": "from the environment",
    "${NAME:-default}": "from the environment",
    "{friends:lines}": "Ada\nBob",
}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_request_has_exactly_this_outcome(
    path: Path, signal: RequestsMock, tmp_path: Path
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


def test_every_field_of_the_table_is_tried() -> None:
    codes = [code for row in table(MOVE, "there") for code in code_in(row[1])]
    fields = {x for x in codes if x[0] in "{$" and not x.startswith("{{")}
    assert fields == set(FIELDS)


def test_the_fields_of_the_table_are_filled(
    signal: RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "templates.yaml"
    document = {
        "variables": {"NUMBER": NUMBER},
        "templates": {"sms": {"message": "\n".join(FIELDS)}},
    }
    path.write_text(yaml.safe_dump(document))
    environ = {**ENVIRON, "NAME": "from the environment"}
    client(environ, templates_file=path).post("/v2/send", json=PAYLOAD, headers=BEARER)
    assert sent(signal)[0]["message"] == "\n".join(FIELDS.values())


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with standin.running() as signal, gateway.sending(signal.url) as process:
        yield process, signal


@pytest.mark.parametrize("target", APPRISE)
def test_apprise_sends_through_the_gateway(target: str, running: Servers) -> None:
    process, signal = running
    signal.books.requests.clear()
    service, host = Apprise(), process.url.removeprefix("http://")
    body_format = "markdown" if "markdown" in target else None
    assert service.add(f"signal://any:{TOKEN}@{host}/{NUMBER}{target}")
    assert service.notify("done *in* 3 min", title="Backup", body_format=body_format)
    recipient, message, text_mode = APPRISE[target]
    fields = {"recipients": [recipient], "message": message, "text_mode": text_mode}
    assert signal.books.requests == [{"number": NUMBER, **fields}]
