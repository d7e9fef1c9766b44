"""The same message through both backends looks the same to whoever receives it."""

import json
from time import monotonic
from typing import Any

import responses

from app.signal.daemon import DaemonServer
from app.signal.outcome import Backend, Message
from app.signal.rest import RestServer
from app.styling import Piece, Style, styled
from tests.conftest import NUMBER, SIGNAL
from tests.server_markup import read_markup

RPC = f"{SIGNAL}/api/v1/rpc"
PIECES: list[Piece] = [
    *("👩‍🚒🔑 ", Style.BOLD, "Sign-in of ann** ||root|| now", Style.BOLD, "\n"),
    *(Style.ITALIC, "𝒞ode ", Style.MONOSPACE, "004821", Style.MONOSPACE, Style.ITALIC),
]


def handed_over(backend: Backend, url: str) -> dict[str, Any]:
    with responses.RequestsMock() as server:
        server.post(url, json={"timestamp": "1", "result": {}})
        message = Message(NUMBER, styled(PIECES))
        backend.send(message, "+4915112345678", monotonic() + 5)
        document: dict[str, Any] = json.loads(server.calls[0].request.body or b"")
        return document


def test_text_and_styles_are_the_same_whichever_server_sends_them() -> None:
    rest = handed_over(RestServer(SIGNAL), f"{SIGNAL}/v2/send")
    daemon = handed_over(DaemonServer(RPC), RPC)["params"]
    text, spans = read_markup(rest["message"])
    expected = "👩‍🚒🔑 Sign-in of ann** ||root|| now\n𝒞ode 004821"
    assert text == daemon["message"] == expected
    assert sorted(spans) == [(5, 29, "BOLD"), (35, 11, "ITALIC"), (40, 6, "MONOSPACE")]
    # The same in the units of UTF-16.
    assert daemon["textStyle"] == ["8:29:BOLD", "44:6:MONOSPACE", "38:12:ITALIC"]
