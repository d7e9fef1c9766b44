"""The transport over real sockets: deadline, pool, sizes, and what is certain after a failure."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from app.signal.transport import Answer, Endpoint, NoAnswer, NotConnected
from tests import standin
from tests.proxies import make_certificate
from tests.standin import Behaviour

BODY = b'{"message": "hello"}'


@pytest.fixture
def server() -> Iterator[standin.StandIn]:
    with standin.running() as running:
        yield running


def post(url: str, seconds: float = 5) -> Answer:
    return Endpoint("POST", f"{url}/v2/send").call(BODY, monotonic() + seconds)


def test_the_answer_is_read_whole(server: standin.StandIn) -> None:
    assert post(server.url) == Answer(201, b'{"timestamp":"1700000000000"}')


def test_one_connection_serves_several_requests(server: standin.StandIn) -> None:
    target = Endpoint("POST", f"{server.url}/v2/send")
    for _ in range(5):
        target.call(BODY, monotonic() + 5)
    assert server.books.connections == 1


def test_a_pooled_connection_gets_its_time_anew(server: standin.StandIn) -> None:
    target = Endpoint("POST", f"{server.url}/v2/send")
    target.call(BODY, monotonic() + 0.5)
    server.plan = lambda document: Behaviour(delay=0.8)
    assert target.call(BODY, monotonic() + 5).status == 201
    assert server.books.connections == 1


def test_several_threads_share_the_pool(server: standin.StandIn) -> None:
    server.plan = lambda document: Behaviour(delay=0.1)
    target = Endpoint("POST", f"{server.url}/v2/send")
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: target.call(BODY, monotonic() + 5), range(40))
        )
    assert {answer.status for answer in answers} == {201}
    assert len(server.books.accepted) == 40
    assert server.books.connections <= 8


def test_a_redirect_is_not_followed(server: standin.StandIn) -> None:
    headers = {"Location": f"{server.url}/books"}
    server.plan = lambda document: Behaviour(302, "", headers=headers)
    assert post(server.url).status == 302


def test_a_body_over_the_limit_is_not_read(server: standin.StandIn) -> None:
    server.plan = lambda document: Behaviour(400, "x" * 70_000)
    assert post(server.url) == Answer(400, None)


@pytest.mark.parametrize("manner", ["hang", "trickle"])
def test_the_deadline_holds_whatever_the_server_does(
    manner: str, server: standin.StandIn
) -> None:
    server.plan = lambda document: Behaviour(manner=manner)
    started = monotonic()
    with pytest.raises(NoAnswer, match="^the server did not answer in time$"):
        post(server.url, seconds=0.5)
    assert 0.4 < monotonic() - started < 1


Serve = Callable[[socket.socket], object]
Serving = Callable[[Serve], AbstractContextManager[str]]
# Its certificate is made by openssl.
HTTPS = pytest.param("https", marks=pytest.mark.system)


@pytest.fixture(params=["http", HTTPS])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serving(
    scheme: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Serving:
    """Serves one connection, in plain text and over TLS: a context that gives the address."""
    if scheme == "https":
        path: Path = request.getfixturevalue("certificate")
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


def test_an_answer_is_read_whole_with_and_without_tls(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")

    with serving(serve) as url:
        assert post(url) == Answer(201, b"{}")


def test_a_body_that_trickles_is_given_up_at_the_deadline(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b" ")

    done = threading.Event()
    with serving(serve) as url:
        started = monotonic()
        assert post(url, seconds=0.5) == Answer(201, None)
        assert 0.4 < monotonic() - started < 1
        done.set()


def test_a_server_that_does_not_read_is_given_up_at_the_deadline(
    serving: Serving,
) -> None:
    def serve(connection: socket.socket) -> None:
        while not done.wait(0.05):
            connection.recv(1000)

    done = threading.Event()
    with serving(serve) as url:
        target = Endpoint("POST", url)
        started = monotonic()
        with pytest.raises(NoAnswer):
            target.call(b"x" * 30_000_000, started + 0.5)
        assert 0.4 < monotonic() - started < 1
        done.set()


def test_answers_that_are_none_do_not_stretch_the_deadline(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with serving(serve) as url:
        started = monotonic()
        with pytest.raises(NoAnswer):
            post(url, seconds=0.5)
        assert monotonic() - started < 1


@pytest.mark.parametrize(
    "answer",
    [
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Content-Length: 10\r\n\r\nabc",
    ],
)
def test_a_body_whose_framing_is_broken_is_no_body(
    answer: bytes, serving: Serving
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" + answer)

    with serving(serve) as url:
        assert post(url, seconds=2) == Answer(400, None)


def test_a_look_up_of_the_host_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: sleep(1))
    started = monotonic()
    with pytest.raises(NotConnected):
        post("http://signal.test:8080", seconds=0.3)
    assert monotonic() - started < 0.6


def test_several_addresses_share_the_time_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)] * 6
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
        started = monotonic()
        with pytest.raises(NotConnected):
            post("http://signal.test:8080", seconds=0.5)
        assert monotonic() - started < 0.8
        for filler in fillers:
            filler.close()


def test_a_connection_that_breaks_after_the_request_is_no_answer(
    server: standin.StandIn,
) -> None:
    server.plan = lambda document: Behaviour(manner="reset")
    with pytest.raises(NoAnswer, match="^the connection broke before the answer came$"):
        post(server.url)


def test_a_port_that_refuses_was_certainly_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotConnected, match="^the server does not take the connection$"):
        post(f"http://127.0.0.1:{port}")


def test_a_host_without_an_address_was_certainly_not_reached() -> None:
    with pytest.raises(NotConnected, match="^the name of its host is not known here$"):
        post("http://signal.invalid:8080")


def test_a_server_that_takes_no_connection_in_time_was_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        with pytest.raises(
            NotConnected, match="^the server did not take the connection in time$"
        ):
            post(f"http://127.0.0.1:{address[1]}", seconds=0.5)
        for filler in fillers:
            filler.close()


def test_a_tls_handshake_without_an_end_is_given_up_in_time(
    server: standin.StandIn,
) -> None:
    started = monotonic()
    with pytest.raises(
        NotConnected, match="^the server did not take the connection in time$"
    ):
        post(server.url.replace("http:", "https:"), seconds=0.5)
    assert 0.4 < monotonic() - started < 1
    assert not server.books.accepted


@pytest.mark.parametrize("scheme", ["http"])
def test_an_answer_without_tls_to_a_handshake_is_told_as_that(serving: Serving) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    why = "^it does not speak TLS there: the address may have to begin with http://$"
    with serving(serve) as url, pytest.raises(NotConnected, match=why):
        post(url.replace("http:", "https:"))


@pytest.mark.parametrize("scheme", [HTTPS])
def test_a_certificate_for_another_name_is_certainly_not_trusted(
    serving: Serving,
) -> None:
    why = "^its certificate is not from an authority known here, or for another name$"
    with serving(lambda connection: None) as url:
        with pytest.raises(NotConnected, match=why):
            post(url.replace("localhost", "127.0.0.1"))


def test_the_time_to_connect_is_a_part_of_the_deadline(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def look_up_slowly(*args: Any, **options: Any) -> Any:
        sleep(0.3)
        return look_up(*args, **options)

    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", look_up_slowly)
    with serving(lambda connection: done.wait(5)) as url:
        target = Endpoint("POST", url)
        started = monotonic()
        with pytest.raises(NoAnswer):
            target.call(b"x" * 30_000_000, started + 0.6)
        assert 0.5 < monotonic() - started < 0.8
        done.set()


def test_credentials_in_the_address_travel_as_basic(server: standin.StandIn) -> None:
    assert post(server.url.replace("//", "//user:password@")).status == 201
    assert server.books.authorizations == ["Basic dXNlcjpwYXNzd29yZA=="]


def test_a_proxy_in_the_environment_is_not_used(
    server: standin.StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert post(server.url).status == 201
