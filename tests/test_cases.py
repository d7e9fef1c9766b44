"""Requests that senders make and answers that Signal's servers give, each with its whole outcome.

A file of cases/ holds one kind; a case has a name, and ``source`` says where it was seen.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import responses
import yaml
from flask.testing import FlaskClient

from app import create_app
from app.errors import ConfigurationError
from tests.conftest import ADMIN, BEARER, NUMBER, SIGNAL, TOKEN

NEXT = "http://next.test:8080"
OURS = Path(__file__).parent.parent / "templates.yaml"
SENT = {"timestamp": "1700000000000"}
TEXT = {"recipients": ["+4915112345678"], "message": "hi"}
FOLDER = Path(__file__).parent / "cases"
REQUESTS = "bodies codes notifications numbers providers templates texts".split()
KEYS = set(
    "source environ templates clients path headers json raw latin1 times status answer sent log"
    " server daemon next problems".split()
)


def cases(*kinds: str) -> list[Any]:
    """The cases of these files, each as a parameter."""
    found = []
    for kind in kinds:
        text = (FOLDER / f"{kind}.yaml").read_text(encoding="utf-8")
        for name, case in yaml.safe_load(text).items():
            assert set(case) <= KEYS, f"{kind}: {name} has an unknown key"
            found.append(pytest.param(case, id=f"{kind}: {name}"))
    return found


def gateway(case: dict[str, Any], folder: Path, *servers: str) -> FlaskClient:
    """With our templates and the case's beside them, or its rules for clients."""
    document = yaml.safe_load(OURS.read_text(encoding="utf-8"))
    document["templates"] |= case.get("templates", {})
    document["clients"] = case.get("clients", {})
    path = folder / "templates.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    environ = {
        "SIGNAL_API_URL": ",".join(servers),
        "SIGNAL_NUMBER": NUMBER,
        "SIGNAL_CONCURRENCY": "32",
        "ADMIN_RECIPIENTS": ADMIN,
        "API_TOKENS": f"authentik:{TOKEN}",
        "TEMPLATES_FILE": str(path),
        "LOG_FORMAT": "json",
    }
    return create_app(environ={**environ, **case.get("environ", {})}).test_client()


def body(case: dict[str, Any]) -> bytes:
    if "latin1" in case:
        return str(case["latin1"]).encode("latin-1")
    return (case.get("raw") or json.dumps(case.get("json", TEXT))).encode()


def taken(signal: responses.RequestsMock, url: str) -> list[dict[str, Any]]:
    """The documents that were posted there."""
    calls = [call.request for call in signal.calls if call.request.url == url]
    return [json.loads(request.body or b"") for request in calls]


def said(answer: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer's body; its sentence only where ``wanted`` has one."""
    document: dict[str, Any] = answer.get_json()
    kept = {"timestamp", "errors", "code", *wanted}
    return {key: value for key, value in document.items() if key in kept}


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The last line of the log, in which the token stands nowhere."""
    log = capsys.readouterr().err
    assert TOKEN not in log
    entry: dict[str, Any] = json.loads(log.splitlines()[-1])
    return entry


@pytest.mark.parametrize("case", cases(*REQUESTS))
def test_a_request_has_exactly_this_outcome(
    case: dict[str, Any],
    signal: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    caller, times = gateway(case, tmp_path, SIGNAL), case.get("times", 1)
    headers = {**BEARER, **case.get("headers", {})}
    path, wanted = case.get("path", "/v2/send"), case.get("answer", SENT)
    for _ in range(times):
        answer = caller.post(path, headers=headers, data=body(case))
        assert answer.status_code == case.get("status", 201), answer.text
        assert said(answer, wanted) == wanted
    defaults = {"number": NUMBER, "text_mode": "normal"}
    sent = [{**defaults, **document} for document in case.get("sent", [])]
    assert taken(signal, f"{SIGNAL}/v2/send") == sent * times
    detail = line(capsys).get("detail")
    assert detail == case.get("log", detail)


@pytest.mark.parametrize("case", cases("outcomes"))
def test_what_a_server_says_has_exactly_this_meaning(
    case: dict[str, Any],
    signal: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    path = "/api/v1/rpc" if case.get("daemon") else "/v2/send"
    url = SIGNAL + path
    signal.upsert("POST", url, **case["server"])
    signal.post(f"{NEXT}/v2/send", status=201, json=SENT)
    server = url if case.get("daemon") else SIGNAL
    alone = gateway(case, tmp_path, server)
    answer = alone.post("/v2/send", headers=BEARER, data=body(case))
    assert (answer.status_code, said(answer, {})) == (case["status"], case["answer"])
    assert line(capsys)["detail"] == case["log"]
    before = gateway(case, tmp_path, server, NEXT)
    answer = before.post("/v2/send", headers=BEARER, data=body(case))
    assert answer.status_code == (201 if case["next"] else case["status"])
    assert len(taken(signal, f"{NEXT}/v2/send")) == case["next"]
    assert len(taken(signal, url)) == 2


@pytest.mark.parametrize("case", cases("starts"))
def test_a_configuration_with_a_mistake_does_not_start(
    case: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as stopped:
        gateway(case, tmp_path, SIGNAL)
    for part, problem in zip(case["problems"], stopped.value.problems, strict=True):
        assert part in problem
