"""One server and the way to it: turns, doubts, and what it says it stands."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from threading import Thread
from time import monotonic, sleep

import pytest

from app.signal import Signal, route
from app.signal.outcome import Message, Outcome, State, not_sent, unknown
from app.signal.route import NO_TURN, Route, Turns
from app.styling import plain

MESSAGE = Message("+4915100000001", plain("hello"))
SENT = Outcome(State.SENT)
HUNG = Outcome(State.UNKNOWN, "signal_timeout", server_failed=True)
REFUSED = Outcome(State.NOT_SENT, "signal_unreachable", server_failed=True)


class Backend:
    """A server whose answers the test sets; ``mode`` is what it says of its concurrency."""

    def __init__(self, outcome: Outcome = SENT, mode: int | None = None) -> None:
        self.outcome = outcome
        self.mode = mode
        self.seconds = 0.0
        self.sends = 0
        self.asked = 0

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        self.sends += 1
        sleep(self.seconds)
        return self.outcome

    def concurrency(self, deadline: float) -> int | None:
        self.asked += 1
        return self.mode

    def problem(self, sender: str | None, deadline: float) -> str | None:
        return None


def send(way: Route, seconds: float = 5) -> Outcome:
    return way.send(MESSAGE, "a", monotonic() + seconds)


def test_how_many_at_once_is_asked_at_first_use_and_once() -> None:
    backend = Backend(mode=1)
    way = Route(backend, "signal")
    assert backend.asked == 0
    send(way)
    send(way)
    assert backend.asked == 1


def test_those_who_come_at_once_wait_for_one_answer() -> None:
    class Slow(Backend):
        def concurrency(self, deadline: float) -> int | None:
            sleep(0.1)
            return super().concurrency(deadline)

    backend = Slow(mode=32)
    way = Route(backend, "signal")
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: send(way), range(8))) == [SENT] * 8
    assert backend.asked == 1


def test_it_is_asked_again_after_a_failure() -> None:
    backend = Backend(mode=1)
    way = Route(backend, "signal")
    send(way)
    backend.outcome = HUNG
    send(way)
    send(way)
    assert backend.asked == 2


def test_a_server_that_does_not_say_is_not_asked_for_each_message() -> None:
    backend = Backend(mode=None)
    way = Route(backend, "signal")
    send(way)
    send(way)
    assert backend.asked == 1


def test_a_number_that_was_set_is_not_asked_for() -> None:
    backend = Backend(mode=1)
    send(Route(backend, "signal", concurrency=5))
    assert backend.asked == 0


def test_a_serial_server_gets_one_after_the_other_and_the_late_are_busy() -> None:
    backend = Backend(mode=1)
    backend.seconds = 0.2
    way = Route(backend, "signal")
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: send(way, 0.5), range(6)))
    assert found.count(SENT) == backend.sends == 3
    assert found.count(NO_TURN) == 3


def hold(turns: Turns, has_turn: Event, leave: Event) -> None:
    assert turns.take(1, monotonic() + 5)
    has_turn.set()
    leave.wait(10)


def test_the_turn_of_a_serial_server_is_shared_by_all_workers() -> None:
    fork = multiprocessing.get_context("fork")
    turns, has_turn, leave = Turns(), fork.Event(), fork.Event()
    other = fork.Process(target=hold, args=[turns, has_turn, leave])
    other.start()
    assert has_turn.wait(5)
    assert not turns.take(1, monotonic() + 0.2)
    other.kill()  # as the kernel kills a worker: the turn must come back
    other.join()
    assert turns.take(1, monotonic() + 1)


def test_a_server_that_failed_is_asked_last_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(route, "FAILED_SECONDS", 0.3)
    first, second = Backend(REFUSED), Backend()
    signal = Signal([Route(first, "first"), Route(second, "second")], 5)
    for _ in range(5):
        assert signal.deliver(MESSAGE, ["a"]) == [SENT]
    assert (first.sends, second.sends) == (1, 5)
    first.outcome = SENT
    sleep(0.3)
    signal.deliver(MESSAGE, ["a"])
    assert (first.sends, second.sends) == (2, 5)


def test_a_server_that_hangs_gets_no_further_message_while_another_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(route, "SILENT_SECONDS", 0.1)
    first, second = Backend(HUNG), Backend()
    first.seconds = 1
    signal = Signal([Route(first, "first"), Route(second, "second")], 5)
    hanging = Thread(target=signal.deliver, args=[MESSAGE, ["a"]])
    hanging.start()
    sleep(0.3)
    started = monotonic()
    assert signal.deliver(MESSAGE, ["b"]) == [SENT]
    assert monotonic() - started < 0.3
    hanging.join()
    assert (first.sends, second.sends) == (1, 1)


def test_without_a_turn_at_the_second_the_word_of_the_first_counts() -> None:
    first, second = Backend(REFUSED), Backend()
    signal = Signal([Route(first, "first", 5), Route(second, "second", 5)], 0.2)
    first.seconds = 0.3
    assert signal.deliver(MESSAGE, ["a"]) == [REFUSED]
    assert second.sends == 0


def test_ready_is_whoever_has_a_server_that_is() -> None:
    class Unready(Backend):
        def problem(self, sender: str | None, deadline: float) -> str | None:
            return "signal_unreachable"

    assert (
        Signal([Route(Unready(), "one"), Route(Backend(), "two")], 5).problems(None)
        == []
    )
    assert Signal([Route(Unready(), "one")], 5).problems(None) == ["signal_unreachable"]


def test_whom_signal_limits_gets_no_new_attempt_until_the_time_is_over() -> None:
    limit = not_sent("signal_rate_limited", "limited", 1)
    backend = Backend(limit)
    signal = Signal([Route(backend, "signal")], 5)
    assert signal.deliver(MESSAGE, ["a"]) == [limit]
    (again,) = signal.deliver(MESSAGE, ["a"])
    assert (again.code, again.retry_after) == ("signal_rate_limited", 1)
    assert backend.sends == 1
    signal.deliver(MESSAGE, ["b"])
    assert backend.sends == 2
    sleep(1)
    backend.outcome = unknown("?")
    signal.deliver(MESSAGE, ["a"])
    assert backend.sends == 3
