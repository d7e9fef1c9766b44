"""The real gunicorn as the Procfile starts it, real HTTP on both sides."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import gateway, standin
from tests.gateway import TOKEN, Gateway, read
from tests.standin import Behaviour, StandIn

Servers = tuple[Gateway, StandIn]
CODE = {"From": "authentik", "To": "+49 151 12345678", "Body": "004821"}
UNREGISTERED = '{"error":"Unregistered user"}'
FAILURES = {  # by the recipient
    "+4915112345671": (Behaviour(400, UNREGISTERED, False), 422, "not_on_signal"),
    "+4915112345672": (Behaviour(500, "", False), 503, "signal_unreachable"),
    "+4915112345673": (Behaviour(manner="reset"), 504, "signal_timeout"),
    "+4915112345674": (Behaviour(manner="hang"), 504, "signal_timeout"),
    "+4915112345675": (Behaviour(manner="trickle"), 504, "signal_timeout"),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with standin.running() as upstream:
        with gateway.sending(upstream.url, SIGNAL_TIMEOUT="1") as running:
            yield running, upstream


@pytest.fixture
def pair(servers: Servers) -> Servers:
    servers[1].plan = lambda document: Behaviour()
    servers[1].books.requests.clear()
    servers[1].books.accepted.clear()
    return servers


def test_failures_are_told_as_they_are_and_in_time(pair: Servers) -> None:
    running, upstream = pair
    upstream.plan = lambda document: FAILURES[document["recipients"][0]][0]
    codes = [{**CODE, "To": to} for to in FAILURES]
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(running.post, codes))
    assert time.monotonic() - started < 1.5
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (status, code) for _, status, code in FAILURES.values()
    ]
    assert len(upstream.books.requests) == len(FAILURES)


HEAD = (
    f"POST /v2/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Connection: close\r\n"
)
BODY = '{"to": "+4915112345678", "token": "004821"}'


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (HEAD + "Transfer-Encoding: chunked\r\n\r\n" f"{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n", 201),
        (HEAD + f"Content-Length: {len(BODY)}\r\n\r\n{BODY}", 201),
        (HEAD + f"Content-Length: {len(BODY) + 9}\r\n\r\n{BODY}", 400),
        (HEAD + f"Content-Length: 5\r\n\r\n{BODY}", 400),
        (HEAD + f"Content-Length: 10000000\r\n\r\n{BODY}", 413),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\n" + f"40001\r\n{' ' * 0x40001}\r\n0\r\n\r\n", 413),
        (HEAD + "\r\n", 400),
        (HEAD + f"Content-Length: {0x40000}\r\n\r\n" + "{" * 0x40000, 400),
        (HEAD + "Content-Length: 43\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + "Content-Length: 43\r\nContent-Length: 5\r\n\r\n" + BODY, 400),
        (HEAD + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + "X: y\r\n" * 200 + "\r\n", 400),
        (HEAD + f"X: {'y' * 20_000}\r\n\r\n", 400),
        (HEAD.replace("/v2/send", "/v2/send/" + "x" * 9000) + "\r\n", 400),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", 400),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nfoo\r\n\r\n", 400),
        (HEAD + "X-Request-ID: a\r\n b\r\n\r\n", 400),
        (HEAD + f"Authorization: Bearer x\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}", 401),
        (HEAD.replace(TOKEN, "\xff\xfe") + "\r\n", 401),
        (HEAD.replace("Bearer", "Basic") + "\r\n", 401),
        (HEAD.replace("POST", "HEAD") + "\r\n", 405),
        (HEAD.replace("POST", "OPTIONS") + "\r\n", 405),
        (HEAD.replace("POST", "BREW") + "\r\n", 405),
        (HEAD.replace("/v2/send", "/v2/send/%2e%2e/sms") + "\r\n", 404),
    ],
)  # fmt: skip
def test_odd_requests_on_the_wire_get_a_clear_answer(
    request_text: str, status: int, pair: Servers
) -> None:
    running, upstream = pair
    with running.connect(request_text.encode("latin-1")) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = read(connection)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert len(upstream.books.requests) == (status == 201)


def test_a_gateway_without_tokens_does_not_start() -> None:
    ended = gateway.run_to_the_end(SIGNAL_API_URL="http://signal:8080")
    assert ended.returncode == 1
    assert ended.stderr == (
        "The gateway cannot start: 1 problem in its configuration.\n"
        "- API_TOKENS is not set, so nobody could be let in. Make a token with"
        " 'openssl rand -hex 32' and set API_TOKENS=authentik:<the token>.\n"
    )
