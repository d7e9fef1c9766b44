"""Bodies: which are read, how large they may be, and what a sender is told of the others."""

import io
import json
from collections.abc import Callable
from contextvars import Context
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import responses
from flask.testing import FlaskClient

from tests.conftest import BEARER, client
from tests.posting import ANNA, post

KIB = 1024
TOLD = "This request cannot be read: "
FORM = "it is a form and not JSON: let the sender send JSON."
EMPTY = "it is empty. A webhook mapping without its 'return' does this."
NO_OBJECT = (
    "it is JSON, but no object. A webhook mapping must return a dict like {'to': …}."
)
LINE_BREAK = "it is not JSON: a line break or tab in a text must be \\n or \\t "


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", EMPTY),
        (b" \r\n\t", EMPTY),
        *((body, NO_OBJECT) for body in (b"null", b"[]", b'"text"', b"5", b"true")),
        (b"user[phone]=%2B49", FORM),
        (b"--a\r\nContent-Disposition: form-data", FORM),
        (b"{", "it is not JSON: look at line 1, column 2."),
        (b"{'to': 1}", "it is not JSON: look at line 1, column 2."),
        (b'{"to": 1}\n x', "it is not JSON: look at line 2, column 2."),
        (b'{"to": "+49', "it is not JSON: look at line 1, column 8."),
        (b'{"a": 1,\n "message": "one\ntwo"}', f"{LINE_BREAK}(line 2, column 17)."),
        (b'{"message": "one\ttwo"}', f"{LINE_BREAK}(line 1, column 17)."),
        (b'{"to": NaN}', "it is not JSON."),
        (b'{"to": -Infinity}', "it is not JSON."),
        (b'{"to": ' + b"9" * 5000 + b"}", "it is not JSON."),
        (b'{"to": ' + b"[" * 200_000, "it is not JSON."),
        (b"\xff\xfe\x00", "it is not JSON: look at line 1, column 1."),
    ],
)
def test_what_is_no_object_is_told_with_its_likely_mistake(
    body: bytes, sentence: str
) -> None:
    assert post(body).refusal == ("bad_request", TOLD + sentence)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((f"utf-{form}", "Tür offen") for form in "8 8-sig 16 16-le 16-be 32".split()),
        ("cp1252", "Tür „offen“: 5 €"),  # no Unicode, but what Windows writes
    ],
)
def test_json_is_read_in_every_usual_encoding(encoding: str, text: str) -> None:
    body = f'{{"to": "{ANNA}", "message": "first", "message": "{text}"}}'
    assert post(body.encode(encoding)).texts == {ANNA: text}


@pytest.mark.parametrize("charset", ["ISO-8859-1", "latin1", "windows-1252"])
def test_the_header_can_name_latin_1(charset: str) -> None:
    body = f'{{"to": "{ANNA}", "message": "Ã¼ber"}}'.encode("latin-1")  # also UTF-8
    kind = {"Content-Type": f"application/json; charset={charset}"}
    assert post(body, headers={**BEARER, **kind}).texts == {ANNA: "Ã¼ber"}
    assert post(body).texts == {ANNA: "über"}


def gateway(tmp_path: Path, attachments: bool, **changes: Any) -> FlaskClient:
    file = tmp_path / "templates.yaml"
    file.write_text(f"clients: {{authentik: {{attachments: {attachments}}}}}".lower())
    return client(templates_file=file, **changes)


def posted(caller: FlaskClient, stream: Any, **environ: str) -> tuple[int, str]:
    """The status and the error for a body that the server hands over as ``stream``."""
    over = {"wsgi.input": stream, "wsgi.input_terminated": True, **environ}
    answer = caller.post("/v2/send", headers=BEARER, environ_overrides=over)
    return answer.status_code, (answer.json or {}).get("error", "")


def padded(size: int) -> io.BytesIO:
    return io.BytesIO(json.dumps({"to": ANNA, "message": "x"}).encode().ljust(size))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("attachments", "most", "limit"),
    [
        (False, 4096 * KIB, 256 * KIB),
        (False, KIB, KIB),
        (True, 4096 * KIB, 4096 * KIB),
        (True, 300 * KIB, 300 * KIB),
    ],
)
def test_a_body_may_be_as_large_as_its_client_may_send(
    chunked: bool,
    attachments: bool,
    most: int,
    limit: int,
    signal: responses.RequestsMock,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caller = gateway(tmp_path, attachments, max_body_bytes=most)
    for size, status in ((limit, 201), (limit + 1, 413), (limit + 2, 413)):
        length = {"CONTENT_LENGTH": str(size)}
        framing = {"HTTP_TRANSFER_ENCODING": "chunked"} if chunked else length
        capsys.readouterr()
        answer = posted(caller, padded(size), **framing)
        assert answer[0] == status
    limits = f"At most {limit} bytes are accepted here."
    assert answer[1] == f"This request is too large. {limits}"
    log = capsys.readouterr().err
    assert "'attachments: true' in templates.yaml, and MAX_BODY_BYTES" in log


class Slow:
    """A body that is still under way when ``meanwhile`` happens."""

    def __init__(self, body: io.BytesIO, meanwhile: Callable[[], Any]) -> None:
        self.body, self.meanwhile = body, meanwhile

    def read(self, size: int = -1) -> bytes:
        if not self.body.tell():
            self.meanwhile()
        return self.body.read(size)


def test_only_so_many_large_bodies_may_be_under_way(
    signal: responses.RequestsMock, tmp_path: Path
) -> None:
    caller = gateway(tmp_path, True)
    statuses: list[int] = []

    def send(size: int, *more: int) -> None:
        meanwhile = partial(Context().run, send, *more) if more else (lambda: None)
        stream = Slow(padded(size), meanwhile)
        statuses.append(posted(caller, stream, CONTENT_LENGTH=str(size))[0])

    send(4096 * KIB, 4096 * KIB, 256 * KIB)
    send(4096 * KIB, 4096 * KIB, 256 * KIB + 1)
    send(4096 * KIB, 4096 * KIB)
    assert statuses == [201] * 3 + [503, 201, 201] + [201] * 2


def broken(error: Exception) -> SimpleNamespace:
    return SimpleNamespace(read=Mock(side_effect=error))


@pytest.mark.parametrize(
    "stream",
    [io.BytesIO(b'{"To": "+49'), broken(OSError("reset")), broken(EOFError("chunk"))],
)
def test_a_body_that_breaks_off_is_the_callers_mistake(stream: Any) -> None:
    told = f"{TOLD}it broke off on its way."
    assert posted(client(), stream, CONTENT_LENGTH="12") == (400, told)
