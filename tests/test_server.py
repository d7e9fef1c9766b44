"""The real gunicorn: silent, rude and malformed callers, and a stop that loses nobody."""

import os
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests import gateway, standin
from tests.gateway import TOKEN, Gateway, read
from tests.standin import StandIn

SILENT_SECONDS = 5
CutOff = tuple[set[bytes], bytes, float]  # what each kind still read, after seconds
Silent = Future[CutOff]
CLOSE = (
    f"POST /v2/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Connection: close\r\nContent-Length: %d\r\n\r\n"
)


@pytest.fixture(scope="module")
def signal_server() -> Iterator[StandIn]:
    with standin.running() as server:
        yield server


@pytest.fixture(scope="module")
def running(signal_server: StandIn) -> Iterator[Gateway]:
    with gateway.sending(signal_server.url) as running:
        yield running


def code(number: int) -> dict[str, str]:
    return {"To": f"+49151123456{number:02}", "Body": "004821"}


def request(number: int) -> bytes:
    body = f'{{"To": "+49151123456{number:02}", "Body": "004821"}}'
    return (CLOSE % len(body) + body).encode()


def test_a_caller_who_is_gone_leaves_no_line_in_the_log(running: Gateway) -> None:
    lines = len(running.lines)
    running.connect(b"POST /v2/s").close()
    gone = running.connect(b"POST /v2/s")
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()
    assert running.post(code(3)).status_code == 201
    gateway.until(lambda: len(running.lines) > lines)
    assert ["to=+49" in line for line in running.lines[lines:]] == [True]


@pytest.fixture(scope="module")
def silent(running: Gateway) -> Iterator[Silent]:
    """Strangers who stay during the tests that follow, until the gateway cuts them off."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for _ in range(700):  # more than threads
            stack.enter_context(running.connect())
        begun = [
            stack.enter_context(running.connect(b"POST /v2/send HTTP"))
            for _ in range(20)
        ]
        bodiless = stack.enter_context(running.connect((CLOSE % 100).encode()))
        yield pool.submit(cut_off, begun, bodiless)


def cut_off(begun: Sequence[socket.socket], bodiless: socket.socket) -> CutOff:
    started = time.monotonic()
    answers = {read(connection) for connection in begun}
    return answers, read(bodiless), time.monotonic() - started


def test_silent_callers_delay_nobody(silent: Silent, running: Gateway) -> None:
    started = time.monotonic()
    assert running.post(code(1)).status_code == 201
    assert time.monotonic() - started < 2


def test_callers_who_do_not_hang_up_delay_nobody(running: Gateway) -> None:
    with ExitStack() as stack:
        for number in range(20):
            caller = stack.enter_context(running.connect(request(number)))
            assert read(caller).startswith(b"HTTP/1.1 201")
        time.sleep(1.1)  # until the gateway waits for none of them any longer
        started = time.monotonic()
        assert running.post(code(2)).status_code == 201
        assert time.monotonic() - started < 2


def test_the_answer_to_a_body_that_is_not_read_is_not_lost(running: Gateway) -> None:
    body = b" " * 8_000_000
    for _ in range(10):
        with running.connect((CLOSE % len(body)).encode() + body) as caller:
            assert read(caller).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "line", ["Authorization Bearer {}", "{}", "Auth orization: {}"]
)
def test_a_malformed_line_with_a_token_is_repeated_nowhere(
    line: str, running: Gateway
) -> None:
    secret = "a-token-in-a-malformed-line"
    head = f"POST /v2/send HTTP/1.1\r\n{line.format(secret)}\r\n\r\n"
    with running.connect(head.encode()) as caller:
        answer = read(caller).decode()
    assert answer.startswith("HTTP/1.1 400 Bad Request")
    assert "\n    This is no valid HTTP.\n" in answer
    assert secret not in answer + running.output


def test_a_stop_serves_who_is_connected_already(signal_server: StandIn) -> None:
    accepted = len(signal_server.books.accepted)
    with gateway.sending(signal_server.url) as stopping, ExitStack() as stack:
        worker = int(stopping.wait_for(r"worker with pid: \d+").rpartition(" ")[2])
        os.kill(worker, signal.SIGSTOP)
        callers = [
            stack.enter_context(stopping.connect(request(number)))
            for number in range(32)
        ]
        stopping.process.send_signal(signal.SIGTERM)
        stopping.wait_for("Handling signal: term")
        os.kill(worker, signal.SIGCONT)
        answers = []
        for caller in callers:
            answers.append(read(caller)[:12])
            caller.close()  # or the gateway would wait for it
        assert stopping.process.wait(10) == 0
        with pytest.raises(ConnectionRefusedError):
            stopping.connect()
    assert answers == [b"HTTP/1.1 201"] * 32
    assert len(signal_server.books.accepted) == accepted + 32


def test_a_reload_loses_nobody(signal_server: StandIn) -> None:
    with gateway.sending(signal_server.url) as reloading:
        is_over = threading.Event()

        def statuses(number: int) -> set[int]:
            found = set()
            while not is_over.is_set():
                found.add(reloading.post(code(number)).status_code)
            return found

        with ThreadPoolExecutor(8) as pool:
            callers = [pool.submit(statuses, number) for number in range(8)]
            for count in (1, 2):
                reloading.process.send_signal(signal.SIGHUP)
                reloading.wait_for(f"(?s)(Worker exiting.*){{{count}}}")
            is_over.set()
        found = set().union(*(caller.result() for caller in callers))
    assert 201 in found and found <= {201, 429}  # each number has its limit
    assert not re.search("Traceback|ERROR", reloading.output)


def test_half_open_connections_are_closed(silent: Silent, running: Gateway) -> None:
    unfinished, bodiless, seconds = silent.result()
    assert unfinished == {b""}
    assert bodiless.startswith(b"HTTP/1.1 400")
    assert SILENT_SECONDS - 0.5 < seconds < SILENT_SECONDS + 2
    assert "BlockingIOError" not in running.output
