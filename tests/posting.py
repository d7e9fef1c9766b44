"""One request to a fresh gateway: what Signal gets, and what the caller is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import responses
from requests import PreparedRequest

from tests.conftest import BEARER, SIGNAL, client

ANNA, BERT = "+4915112345678", "+4915187654321"


@dataclass(frozen=True)
class Result:
    """``sent`` are the documents that Signal's server got."""

    status: int
    answer: Any
    sent: list[dict[str, Any]]

    @property
    def texts(self) -> dict[str, str]:
        """What each recipient gets to read."""
        assert self.status < 300, self.answer
        return {
            document["recipients"][0]: document["message"] for document in self.sent
        }

    @property
    def refusal(self) -> tuple[str, str]:
        assert not self.sent
        return self.answer["code"], self.answer["error"]


def sent(signal: responses.RequestsMock) -> list[dict[str, Any]]:
    """The documents that Signal's server got."""
    bodies = [call.request.body for call in signal.calls]
    return [json.loads(body) for body in bodies if body]


def post(
    payload: Mapping[str, Any] | bytes,
    path: str = "/v2/send",
    templates: str = "",
    answers: Mapping[str, tuple[int, str]] = {},
    headers: Mapping[str, str] = BEARER,
    **changes: Any,
) -> Result:
    """``templates`` are the text of another templates.yaml, ``answers`` those of Signal's
    server for a recipient whom it does not take."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        (to,) = json.loads(request.body or b"")["recipients"]
        status, text = answers.get(to, (201, '{"timestamp": "1700000000000"}'))
        return status, {}, text

    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with TemporaryDirectory() as folder, responses.RequestsMock(
        assert_all_requests_are_fired=False
    ) as signal:
        signal.add_callback("POST", f"{SIGNAL}/v2/send", callback=answer)
        if templates:
            changes["templates_file"] = Path(folder, "templates.yaml")
            changes["templates_file"].write_text(templates, encoding="utf-8")
        told = client(**changes).post(path, data=body, headers=dict(headers))
        return Result(told.status_code, told.get_json(silent=True), sent(signal))
