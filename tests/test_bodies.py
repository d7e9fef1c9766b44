"""How large a body may be, for whom, and how many large ones at once."""

import json
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import responses
from flask.testing import FlaskClient
from requests import PreparedRequest

from tests.conftest import BEARER, SIGNAL, client

CODE = {"To": "+4915112345678", "Body": "482915"}
SMALL, LARGE = 256 * 1024, 4 * 1024 * 1024


def body_of(size: int) -> bytes:
    head = json.dumps({**CODE, "padding": ""}).encode()[:-2]
    return head + b"x" * (size - len(head) - 2) + b'"}'


def with_attachments(folder: Path, **changes: Any) -> FlaskClient:
    """A caller whose client may send attachments."""
    templates = folder / "templates.yaml"
    templates.write_text(
        "templates: {sms: {message: '{token}'}}\n"
        "clients: {authentik: {attachments: true}}\n"
    )
    return client(templates_file=templates, **changes)


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(
    ("may_attach", "most", "size", "limit"),
    [
        (False, LARGE, SMALL, None),
        (False, LARGE, SMALL + 1, SMALL),
        (False, 1000, 1001, 1000),
        (True, LARGE, LARGE, None),
        (True, LARGE, LARGE + 1, LARGE),
        (True, 1000, 1001, 1000),
    ],
)
def test_large_bodies_are_for_clients_that_may_send_attachments(
    may_attach: bool,
    most: int,
    size: int,
    limit: int | None,
    is_chunked: bool,
    signal: responses.RequestsMock,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make = partial(with_attachments, tmp_path) if may_attach else client
    body: dict[str, Any] = {"data": body_of(size)}
    if is_chunked:
        body = {"input_stream": BytesIO(body_of(size))}
        body["environ_overrides"] = {"wsgi.input_terminated": True}
    answer = make(max_body_bytes=most).post("/v2/send", headers=BEARER, **body)
    if limit is None:
        assert answer.status_code == 201
        return
    assert answer.json == {
        "error": f"This request is too large. At most {limit} bytes are accepted here.",
        "code": "too_large",
        "request_id": answer.headers["X-Request-ID"],
    }
    assert answer.status_code == 413
    assert (
        "detail=\"over 262144 bytes a client needs 'attachments: true' in templates.yaml,"
        ' and MAX_BODY_BYTES is the most for it"' in capfd.readouterr().err
    )


def test_large_bodies_under_way_are_eight_mebibytes_and_the_next_is_busy(
    signal: responses.RequestsMock, tmp_path: Path
) -> None:
    caller = with_attachments(tmp_path)
    answers = []

    def send_another(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        """Signal's answer to the first comes after those to two more."""
        if len(answers) < 2:
            answers.append(post(LARGE))
        return 201, {}, "{}"

    def post(size: int) -> tuple[int, Any]:
        answer = caller.application.test_client().post(
            "/v2/send", data=body_of(size), headers=BEARER
        )
        return answer.status_code, answer.json

    signal.remove("POST", f"{SIGNAL}/v2/send")
    signal.add_callback("POST", f"{SIGNAL}/v2/send", callback=send_another)
    assert post(LARGE)[0] == 201
    (third_status, third), (second_status, _) = answers
    assert (second_status, third_status, third["code"]) == (201, 503, "busy")
    assert [post(LARGE)[0] for _ in range(3)] == [201] * 3
