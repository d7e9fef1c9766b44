"""The worker, in a thread of the test: callers who do not speak, crowds, and its own end."""

import errno
import json
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from time import monotonic
from typing import Any

import pytest
from flask import Flask, request
from gunicorn.config import Config
from gunicorn.workers import gthread

from app import worker
from app.worker import ServerLogger, Worker

POST = b"POST /v2/send HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n"
SENTENCE = (
    "The message was not sent: too many are waiting. Try again in a minute;"
    " for a new code, sign out and sign in again."
)


class Running:
    """A worker with one thread, and an app that answers a POST once it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.is_served = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        config = Config()
        config.set("threads", 1)
        config.set("loglevel", "critical")
        self.worker = Worker(
            1, os.getppid(), [self.listener], None, 30, config, ServerLogger(config)
        )
        self.worker.wsgi = self._app()
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        self.thread = threading.Thread(target=self.worker.run)

    def _app(self) -> Flask:
        app = Flask("a gateway")
        app.extensions.update(sentences={})

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> str:
            self.is_served.set()
            if request.method == "POST":
                self.may_answer.wait(10)
            return "answered"

        return app

    def stop(self) -> None:
        self.may_answer.set()
        self.worker.handle_exit(None, None)
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.worker.tmp.close()

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(self.address, timeout=10)
        connection.sendall(sent)
        return connection


@pytest.fixture
def running() -> Iterator[Running]:
    gateway = Running()
    gateway.thread.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def full(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A worker whose thread is busy and which lets nobody wait."""
    monkeypatch.setattr(worker, "MOST_WAITING", 0)
    with running.connect(post()) as first:
        assert running.is_served.wait(10)
        yield running
        running.may_answer.set()
        assert read(first).endswith("answered")


def post(body: bytes = b"{}", header: bytes = b"") -> bytes:
    return POST % (len(body), header) + body


def read(connection: socket.socket) -> str:
    """All that comes; only as much as one answer where the connection is kept open."""
    data = b""
    while not data.endswith(b"answered") and (more := connection.recv(65536)):
        data += more
    return data.decode()


def head_and_body(answer: str) -> tuple[str, dict[str, str], str]:
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def reset(connection: socket.socket) -> None:
    """Close without waiting for anything that is under way."""
    now = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    connection.close()


def wait_until(condition: Callable[[], Any]) -> None:
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to pass")


def test_who_comes_when_too_many_wait_is_told_at_once(full: Running) -> None:
    with full.connect(post()) as late:
        status, headers, body = head_and_body(read(late))
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert headers["Retry-After"] == "30"
    assert headers["Content-Length"] == str(len(body))
    assert json.loads(body) == {
        "error": SENTENCE,
        "code": "busy",
        "request_id": headers["X-Request-ID"],
    }


def test_a_crowd_may_wait_and_an_overload_may_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CROWD_SECONDS", 0)
    callers = [running.connect(post()) for _ in range(4)]
    wait_until(lambda: running.worker.refused or running.worker.told_at)
    running.may_answer.set()
    answers = sorted(read(caller)[:12] for caller in callers)
    for caller in callers:
        caller.close()
    assert answers == ["HTTP/1.1 200"] * 2 + ["HTTP/1.1 503"] * 2


def test_who_never_comes_to_an_end_of_a_request_is_given_up(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "REQUEST_SECONDS", 0.5)
    started = monotonic()
    with running.connect(b"POST /v2/send HTTP/1.1\r\n") as slow:
        with pytest.raises(OSError, match="reset|roken"):
            while monotonic() - started < 5:
                slow.sendall(b"X: y\r\n")
                threading.Event().wait(0.05)
    assert 0.4 < monotonic() - started < 2
    with running.connect(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n") as after:
        assert read(after).endswith("answered")


def test_authentik_is_told_in_plain_text(full: Running) -> None:
    with full.connect(post(header=b"User-Agent: authentik@2026.8.0\r\n")) as late:
        _, headers, body = head_and_body(read(late))
    assert body == SENTENCE + "\n"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_large_request_is_taken_in_so_that_the_answer_is_not_lost(
    full: Running,
) -> None:
    with full.connect(post(b" " * 4_000_000)) as late:
        assert read(late).startswith("HTTP/1.1 503")


def test_health_is_answered_even_when_too_many_wait(full: Running) -> None:
    with full.connect(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n") as probe:
        wait_until(lambda: full.worker.nr_conns == 2)
        full.may_answer.set()
        assert read(probe).endswith("answered")


def test_a_refused_caller_who_has_gone_does_no_harm(full: Running) -> None:
    reset(full.connect())
    late = full.connect(post())
    assert read(late).startswith("HTTP/1.1 503")
    reset(late)
    wait_until(lambda: full.worker.nr_conns == 1)


def test_a_caller_who_does_not_speak_holds_no_thread(running: Running) -> None:
    running.may_answer.set()
    with running.connect() as silent:
        wait_until(lambda: running.worker.pending_conns)
        with running.connect(post()) as speaking:
            assert read(speaking).endswith("answered")
        silent.sendall(post())
        assert read(silent).endswith("answered")


def test_an_answer_to_a_large_request_that_was_not_read_is_not_lost(
    running: Running,
) -> None:
    running.may_answer.set()
    close = b"Connection: close\r\n"
    for _ in range(10):
        with running.connect() as caller:
            caller.sendall(post(b" " * 4_000_000, close))
            assert read(caller).endswith("answered")


def test_callers_who_do_not_close_after_their_answer_hold_nobody_up(
    running: Running,
) -> None:
    running.may_answer.set()
    close = b"Connection: close\r\n"
    held = [running.connect(post(header=close)) for _ in range(5)]
    assert all(read(caller).endswith("answered") for caller in held)
    started = monotonic()
    with running.connect(post()) as other:
        assert read(other).endswith("answered")
    assert monotonic() - started < 2  # it was two seconds for each of them
    for caller in held:
        caller.close()


def test_who_goes_on_sending_after_the_answer_is_left(running: Running) -> None:
    running.may_answer.set()
    with running.connect(post(b" " * 4_000_000, b"Connection: close\r\n")) as caller:
        assert read(caller).endswith("answered")
        with pytest.raises(OSError):
            for _ in range(100):
                caller.sendall(b" " * 1000)
                threading.Event().wait(0.05)


def test_what_is_no_http_is_refused_without_being_repeated(running: Running) -> None:
    with running.connect(b"HELLO secret\r\n\r\n") as caller:
        answer = read(caller)
    assert answer.startswith("HTTP/1.1 400 Bad Request")
    assert "This request cannot be read: it is no valid HTTP." in answer
    assert "secret" not in answer


def test_a_bug_below_the_app_is_a_500(running: Running) -> None:
    def broken(environ: object, start_response: object) -> None:
        raise ValueError("secret")

    running.worker.wsgi = broken
    with running.connect(post()) as caller:
        answer = read(caller)
    assert answer.startswith("HTTP/1.1 500 Internal Server Error")
    assert "secret" not in answer


def test_who_hangs_up_in_the_middle_of_a_request_does_no_harm(
    running: Running,
) -> None:
    running.connect(b"POST /v2").close()
    reset(running.connect(b"POST /v2"))
    wait_until(lambda: running.worker.nr_conns == 0)


def test_whom_the_kernel_has_let_in_is_served_before_the_end() -> None:
    gateway = Running()
    gateway.may_answer.set()
    callers = [gateway.connect(post()) for _ in range(5)]
    gateway.worker.alive = False
    gateway.thread.start()
    for caller in callers:
        assert read(caller).endswith("answered")
        caller.close()
    gateway.stop()
    with pytest.raises(ConnectionRefusedError):
        gateway.connect()


def test_who_speaks_late_is_served_before_the_end() -> None:
    gateway = Running()
    gateway.may_answer.set()
    gateway.thread.start()
    with gateway.connect() as late, gateway.connect():
        wait_until(lambda: gateway.worker.nr_conns == 2)
        gateway.worker.handle_exit(None, None)
        threading.Event().wait(0.3)
        late.sendall(post())
        assert read(late).endswith("answered")
        gateway.stop()


def test_a_connection_that_breaks_at_the_end_cuts_nobody_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = Running()
    gateway.may_answer.set()
    callers = [gateway.connect(post()) for _ in range(3)]
    too_many = [OSError(errno.EMFILE, "too many open files")]
    selector = selectors.DefaultSelector

    def once_too_many() -> selectors.BaseSelector:
        if too_many:
            raise too_many.pop()
        return selector()

    monkeypatch.setattr(selectors, "DefaultSelector", once_too_many)
    gateway.worker.alive = False
    gateway.thread.start()
    with pytest.raises(ConnectionResetError):
        read(callers[0])
    assert all(read(caller).endswith("answered") for caller in callers[1:])
    for caller in callers:
        caller.close()
    gateway.stop()
    assert gateway.worker.nr_conns == 0


def test_a_connection_whose_turn_was_taken_back_at_the_end_is_closed() -> None:
    gateway = Running()
    with gateway.connect() as caller:
        taken, address = gateway.listener.accept()
        connection = gthread.TConn(gateway.worker.cfg, taken, address, gateway.address)
        turn: Future[object] = Future()
        turn.cancel()
        gateway.worker.alive, gateway.worker.nr_conns = False, 1
        gateway.worker.finish_request(connection, turn)
        assert read(caller) == ""
        assert gateway.worker.nr_conns == 0
    gateway.thread.start()
    gateway.stop()
