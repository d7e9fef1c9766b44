"""Whole requests as a WSGI server hands them over: of authentik, of others, of attackers."""

import io
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import create_environ

from tests.conftest import TOKEN
from tests.fuzz.bodies import CODE, body
from tests.fuzz.draw import Draw

NARROW_TOKEN = "n4rrow-gateway-token"  # of a client with rules
WRONG_TOKEN = "wr0ng-gateway-token"
SEND = "/v2/send"

_METHODS = ("POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X-1")
_PATHS = (
    SEND, f"{SEND}/sms", f"{SEND}/notification", f"{SEND}/none", f"{SEND}/", "//v2/send", "/",
    "/v2//send", "/V2/SEND", "/v2/send/sms/", "/v2/send/../send", f"{SEND}/{CODE}", "", "*",
    "/v1/about", "/v1/health", "/health/live", "/health/ready", "/metrics", "/static/a",
)  # fmt: skip
_ACCEPTS = (
    "*/*", "application/json", "text/plain", "text/plain;q=0.5, application/json;q=0.4",
    "text/*;q=0.9, */*;q=0.1", "application/json;q=x", ";q=1,,", "text/plain;q=\xb2", "",
)  # fmt: skip
_AGENTS = ("authentik@2026.8.0", "authentik@", "curl/8.5.0", "goauthentik.io/outpost")
_LENGTHS = ("", "0", "-1", "1e3", "+5", " 7", "\xb2", "9" * 30, "9" * 5000, "1, 1")
_HOSTS = ("gateway:99999", "[::1]:80", "[", "a b", "\xe4.test", "", "a" * 300)
_PEERS = (
    "127.0.0.1", "10.1.2.3", "::1", "::ffff:10.1.2.3", "fe80::1%eth0", "", "unix:",
)  # fmt: skip
_FORWARDED = (
    "203.0.113.7", "203.0.113.7, 10.0.0.1", "127.0.0.1", "::1", "2001:db8::1", "fe80::1%25x",
    "::ffff:127.0.0.1", "1.2.3.4:80", "[::1]:80", "unknown", ",", "1.2.3", "\xb2.0.0.1",
)  # fmt: skip


class BrokenBody(io.BytesIO):
    """A body whose framing breaks while it is read."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the chunk has no end")


@dataclass(frozen=True)
class Call:
    """A request; ``client`` is whose token it has, ``None`` if it has none."""

    environ: dict[str, str]
    body: bytes = field(repr=False)
    is_broken: bool
    client: str | None

    def wsgi(self) -> dict[str, Any]:
        """What the WSGI application is called with."""
        stream = BrokenBody if self.is_broken else io.BytesIO
        base = create_environ(input_stream=stream(self.body))
        is_own = ("HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE")
        kept = {name: value for name, value in base.items() if name not in is_own}
        return {**kept, "wsgi.input_terminated": True, **self.environ}  # as gunicorn


def call(draw: Draw) -> Call:
    authorization, client = _authorization(draw)
    sent = body(draw)
    path = _path(draw)
    usual = "POST" if "send" in path else "GET"
    environ = {
        "REQUEST_METHOD": draw.of(_METHODS) if draw.one_in(8) else usual,
        "PATH_INFO": path,
        "QUERY_STRING": draw.latin(12) if draw.one_in(8) else "",
        "REMOTE_ADDR": draw.of(_PEERS),
        "CONTENT_TYPE": draw.of(("application/json", "text/plain", "x", "\xff;=")),
        "CONTENT_LENGTH": _length(draw, len(sent)),
        "HTTP_HOST": draw.of(_HOSTS) if draw.one_in(8) else "gateway",
        "HTTP_ACCEPT": _header(draw, _ACCEPTS),
        "HTTP_USER_AGENT": _header(draw, _AGENTS),
        "HTTP_AUTHORIZATION": authorization,
        "HTTP_X_REQUEST_ID": _header(draw, (None, "a-b.c_1", "a" * 65, "a b", "\xe4")),
        "HTTP_X_FORWARDED_FOR": _header(draw, (None, *_FORWARDED)),
    }
    given = {name: value for name, value in environ.items() if value is not None}
    return Call(given, sent, draw.one_in(40), client)


def _header(draw: Draw, choices: tuple[str | None, ...]) -> str | None:
    return draw.latin(24) if draw.one_in(8) else draw.of(choices)


def _path(draw: Draw) -> str:
    kind = draw.up_to(13)
    if kind < 12:
        return _PATHS[kind // 4] if draw.up_to(7) else draw.of(_PATHS)
    text = draw.text(24).encode("utf-8", "surrogatepass").decode("latin-1")
    return f"{SEND}/{text}" if kind == 12 else text


def _length(draw: Draw, right: int) -> str | None:
    if not draw.one_in(8):
        return str(right)
    return draw.of((None, str(right + 5), str(right // 2), *_LENGTHS))


def _authorization(draw: Draw) -> tuple[str | None, str | None]:
    """The header, and the client that it proves."""
    client, token = draw.of((("authentik", TOKEN), ("narrow", NARROW_TOKEN)))
    if draw.one_in(9):
        return _refused(draw, token), None
    right = (
        f"Bearer {token}", _basic(f"any:{token}"), _basic(f"{token}:"), f"bEARER   {token} ",
        f"BASIC  {_basic(f'ä: {token} ')[6:]}", _basic(f":{token}"),
    )  # fmt: skip
    return draw.of(right), client


def _refused(draw: Draw, token: str) -> str | None:
    wrong = (
        None, "", "Bearer", "Basic", "Bearer ", f"Bearer {WRONG_TOKEN}", f"Token {token}",
        f"Bearer Bearer {token}", f"Bearer {token}, Bearer {token}", token, f"Basic {token}",
        f"Bearer {token[:-1]}", f"Bearer {token}\xa0x", _basic(f"{token}:{WRONG_TOKEN}"),
        _basic(f"a:b:{token}"), _basic(""), _basic(":"), _basic(f"a:{WRONG_TOKEN}"),
        _basic(f"any:{token}")[:-1], f"Digest username={token}", f"Basic \xe9{token}",
        f"Bearer\t{token}", f"Bearer {draw.latin(24)}", f"Basic {draw.latin(24)}",
        _basic(draw.latin(24)), draw.latin(24),
    )  # fmt: skip
    return draw.of(wrong)


def _basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"
