"""The transport over real sockets: deadline, sizes, and what is certain after a failure."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
import requests

from app.signal.transport import Answer, NotConnected, Unusable, call
from tests import standin
from tests.proxies import make_certificate
from tests.standin import Behaviour

BODY = b'{"message": "hello"}'


@pytest.fixture
def server() -> Iterator[standin.StandIn]:
    with standin.running() as running:
        yield running


def post(url: str, seconds: float = 5) -> Answer:
    return call("POST", f"{url}/v2/send", BODY, monotonic() + seconds)


def fails(kind: type[Unusable], why: str, url: str, seconds: float = 5) -> None:
    with pytest.raises(kind, match=f"^{why}$") as found:
        post(url, seconds)
    assert found.type is kind


def test_each_request_has_a_connection_of_its_own(server: standin.StandIn) -> None:
    for _ in range(2):
        assert post(server.url) == Answer(201, b'{"timestamp":"1700000000000"}')
    assert server.books.connections == 2


def test_a_redirect_is_not_followed(server: standin.StandIn) -> None:
    headers = {"Location": f"{server.url}/v1/about"}
    server.plan = lambda document: Behaviour(302, "", headers=headers)
    assert post(server.url).status == 302


def test_a_body_over_the_limit_is_not_read(server: standin.StandIn) -> None:
    server.plan = lambda document: Behaviour(400, "x" * 70_000)
    assert post(server.url) == Answer(400, None)


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("hang", "the server did not answer in time"),
        ("reset", "the connection broke before the answer came"),
    ],
)
def test_without_an_answer_before_the_deadline_nobody_knows(
    manner: str, why: str, server: standin.StandIn
) -> None:
    server.plan = lambda document: Behaviour(manner=manner)
    started = monotonic()
    fails(Unusable, why, server.url, seconds=0.5)
    assert monotonic() - started < 1


Serve = Callable[[socket.socket], object]
Serving = Callable[[Serve], AbstractContextManager[str]]
# Its certificate is made by openssl.
HTTPS = pytest.param("https", marks=pytest.mark.system)


@pytest.fixture(params=["http", HTTPS])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serving(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """Serves one connection, in plain text and over TLS: a context that gives the address."""
    if scheme == "https":
        path = make_certificate(tmp_path)
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path, path.with_name("key.pem"))

    @contextmanager
    def running(serve: Serve) -> Iterator[str]:
        def answer() -> None:
            connection, _ = listener.accept()
            with suppress(OSError):
                if scheme == "https":
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    serve(connection)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            yield f"{scheme}://localhost:{listener.getsockname()[1]}"
            thread.join()

    return running


def take(connection: socket.socket) -> None:
    """Read the request whole: what is left unread would break the connection at its end."""
    received = b""
    while not received.endswith(BODY):
        received += connection.recv(1000)


def test_a_body_that_trickles_is_given_up_at_the_deadline(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b" ")

    done = threading.Event()
    with serving(serve) as url:
        started = monotonic()
        assert post(url, seconds=0.5) == Answer(201, None)
        assert 0.4 < monotonic() - started < 1
        done.set()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (b"Content-Length: 10\r\n\r\nabc", None),
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", None),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", None),
    ],
)
def test_a_body_is_read_whole_and_is_none_if_its_framing_is_broken(
    answer: bytes, body: bytes | None, serving: Serving
) -> None:
    def serve(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" + answer)

    with serving(serve) as url:
        assert post(url, seconds=2) == Answer(400, body)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "the server does not take the connection"),
        ("http://signal.invalid:8080", "the name of its host is not known here"),
    ],
)
def test_an_address_where_nobody_is_was_certainly_not_reached(
    url: str, why: str
) -> None:
    fails(NotConnected, why, url)


def test_a_server_that_takes_no_connection_in_time_was_not_reached() -> None:
    with socket.create_server(
        ("127.0.0.1", 0), backlog=0
    ) as listener, ExitStack() as s:
        for filler in [s.enter_context(socket.socket()) for _ in range(4)]:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        why = "the server did not take the connection in time"
        fails(NotConnected, why, url, seconds=0.5)


@pytest.mark.parametrize("scheme", ["http"])
def test_an_answer_without_tls_to_a_handshake_is_told_as_that(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    why = "it does not speak TLS: write http:// before the address"
    with serving(serve) as url:
        fails(NotConnected, why, url.replace("http:", "https:"))


@pytest.mark.parametrize("scheme", [HTTPS])
def test_a_certificate_for_another_name_is_certainly_not_trusted(
    serving: Serving,
) -> None:
    why = "its certificate is not trusted here, or is for another name"
    with serving(lambda connection: None) as url:
        fails(NotConnected, why, url.replace("localhost", "127.0.0.1"))


def test_credentials_in_the_address_travel_as_basic(server: standin.StandIn) -> None:
    assert post(server.url.replace("//", "//user:password@")).status == 201
    assert server.books.authorizations == ["Basic dXNlcjpwYXNzd29yZA=="]


def test_a_proxy_in_the_environment_is_not_used(
    server: standin.StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert post(server.url).status == 201
