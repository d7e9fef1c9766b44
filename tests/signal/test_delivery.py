"""Several recipients, several servers, one deadline, and a bound on what is under way."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic, sleep

import pytest

from app.signal import connect, delivery
from app.signal.delivery import BUSY, LATE, Route, Signal
from app.signal.outcome import Message, Outcome, State, server_failed
from app.styling import plain
from tests import standin
from tests.conftest import settings
from tests.standin import Behaviour

MESSAGE = Message("+4915100000001", plain("hello"))
SENT = Outcome(State.SENT, timestamp="1700000000000")
UNREACHABLE = server_failed("signal_unreachable", "down")


@dataclass
class Backend:
    """Answers each send with the same outcome after a while, and notes to whom.

    ``mode`` is what it says about its concurrency.
    """

    outcome: Outcome = SENT
    seconds: float = 0
    mode: int | None = None
    asked: int = 0
    at_once: int = 0
    under_way: int = 0
    recipients: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        with self.lock:
            self.recipients.append(recipient)
            self.under_way += 1
            self.at_once = max(self.at_once, self.under_way)
        sleep(self.seconds)
        with self.lock:
            self.under_way -= 1
        return self.outcome

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None:
        return None

    def concurrency(self, deadline: float) -> int | None:
        self.asked += 1
        return self.mode

    def accounts(self, deadline: float) -> list[str] | None:
        return None


def signal(*backends: Backend, most: int | None = 96) -> Signal:
    return Signal([Route(backend, "signal", most) for backend in backends])


def deliver(to: Signal, recipients: Sequence[str], seconds: float = 5) -> list[Outcome]:
    outcomes = to.deliver(MESSAGE, recipients, monotonic() + seconds)
    return [outcomes[recipient] for recipient in recipients]


def crowd(to: Signal, requests: int, seconds: float) -> list[Outcome]:
    """The outcomes of requests that come at once, each with one recipient."""
    with ThreadPoolExecutor(requests) as threads:
        found = threads.map(lambda _: deliver(to, ["a"], seconds), range(requests))
        return [outcomes[0] for outcomes in found]


def test_each_recipient_gets_a_send_of_its_own_side_by_side() -> None:
    backend = Backend(seconds=0.2)
    started = monotonic()
    assert deliver(signal(backend), ["a", "b", "c", "d"]) == [SENT] * 4
    assert sorted(backend.recipients) == ["a", "b", "c", "d"]
    assert monotonic() - started < 0.6


def test_a_lost_answer_goes_nowhere_else_although_the_server_failed() -> None:
    lost = Outcome(State.UNKNOWN, "signal_timeout", server_failed=True)
    first, second = Backend(lost), Backend()
    assert deliver(signal(first, second), ["a"]) == [lost]
    assert second.recipients == []


def test_a_server_that_failed_for_one_recipient_is_not_tried_for_the_rest() -> None:
    down, up = Backend(UNREACHABLE), Backend()
    assert deliver(signal(down, up, most=1), ["a", "b", "c"]) == [SENT] * 3
    assert down.recipients == ["a"]


def test_never_more_sends_at_once_than_was_set_whatever_the_server_says() -> None:
    backend = Backend(seconds=0.05, mode=1)
    assert crowd(signal(backend, most=2), 6, 5) == [SENT] * 6
    assert (backend.at_once, backend.asked) == (2, 0)


def test_a_request_waits_for_half_of_its_time_and_is_busy_then() -> None:
    backend = Backend(seconds=0.3)
    found = crowd(signal(backend, most=1), 4, 0.8)
    assert sorted(outcome.code or "" for outcome in found) == ["", "", "busy", "busy"]
    assert len(backend.recipients) == 2


def test_of_a_serial_server_four_wait_and_the_rest_is_busy_at_once() -> None:
    backend, started = Backend(seconds=0.2), monotonic()
    to = signal(backend, most=1)
    with ThreadPoolExecutor(5) as threads:
        waiting = [threads.submit(deliver, to, ["a"]) for _ in range(5)]
        sleep(0.1)
        assert deliver(to, ["b"]) == [BUSY]
        assert monotonic() - started < 0.2
    assert [future.result() for future in waiting] == [[SENT]] * 5
    assert backend.at_once == 1


def test_who_waits_longest_is_next() -> None:
    backend = Backend(seconds=0.1)
    to = signal(backend, most=1)
    with ThreadPoolExecutor(5) as threads:
        for name in "abcde":
            threads.submit(deliver, to, [name])
            sleep(0.03)
    assert backend.recipients == list("abcde")


def test_a_request_of_ten_recipients_waits_once_and_reaches_all_ten() -> None:
    backend = Backend(seconds=0.02, mode=1)
    recipients = [f"to {number}" for number in range(10)]
    assert deliver(signal(backend, most=None), recipients) == [SENT] * 10
    assert backend.recipients == recipients
    assert backend.at_once == 1


def test_at_the_deadline_what_is_under_way_is_unknown_and_the_rest_was_not_sent() -> (
    None
):
    backend = Backend(seconds=0.4)
    started = monotonic()
    assert deliver(signal(backend, most=1), ["a", "b", "c"], 0.6) == [SENT, LATE, BUSY]
    assert 0.5 < monotonic() - started < 0.75
    sleep(0.4)
    assert backend.recipients == ["a", "b"]


def test_after_the_deadline_nothing_is_handed_over() -> None:
    class Slow(Backend):
        def concurrency(self, deadline: float) -> int | None:
            sleep(0.2)
            return None

    backend = Slow()
    recipients = [f"to {number}" for number in range(50)]
    found = deliver(signal(backend, most=None), recipients, 0.1)
    assert set(found) <= {BUSY, LATE}
    sleep(0.1)
    assert backend.recipients == []


def test_a_server_that_trickles_its_headers_cannot_hold_the_answer() -> None:
    with standin.running(lambda document: Behaviour(manner="trickle")) as server:
        to = connect(settings(signal_api_url=(server.url,)))
        started = monotonic()
        (found,) = deliver(to, ["+4915112345678"], 0.5)
        assert found.state is State.UNKNOWN
        assert monotonic() - started < 0.8


def test_without_a_thread_left_nothing_is_sent_and_the_turn_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    backend = Backend()
    to = signal(backend, most=1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert deliver(to, ["a", "b"]) == [BUSY, BUSY]
    assert backend.recipients == []
    assert deliver(to, ["a"]) == [SENT]


def test_a_bug_in_a_backend_comes_out_and_the_turn_is_free_again() -> None:
    class Broken(Backend):
        def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
            raise LookupError(recipient)

    to = signal(Broken(), most=1)
    for _ in range(2):
        with pytest.raises(LookupError):
            deliver(to, ["a"])


def test_how_many_at_once_is_asked_once_and_again_after_a_failure() -> None:
    backend = Backend(mode=1)
    to = signal(backend, most=None)
    deliver(to, ["a"])
    deliver(to, ["a"])
    assert backend.asked == 1
    backend.outcome = UNREACHABLE
    deliver(to, ["a"])
    deliver(to, ["a"])
    assert backend.asked == 2


def test_of_a_crowd_only_one_asks_how_many_there_may_be() -> None:
    class Slow(Backend):
        def concurrency(self, deadline: float) -> int | None:
            sleep(0.1)
            return super().concurrency(deadline)

    backend = Slow(mode=2, seconds=0.01)
    assert crowd(signal(backend, most=None), 6, 5) == [SENT] * 6
    assert (backend.asked, backend.at_once) == (1, 2)


def test_a_server_that_does_not_say_how_many_holds_nobody_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stuck(Backend):
        def concurrency(self, deadline: float) -> int | None:
            sleep(0.5)
            return super().concurrency(deadline)

    monkeypatch.setattr(delivery, "LEARNING_SECONDS", 0.1)
    to = signal(Stuck(), most=None)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(deliver, to, ["a"])
        sleep(0.1)
        started = monotonic()
        assert deliver(to, ["b"]) == [SENT]
        assert monotonic() - started < 0.3
    assert first.result() == [SENT]


def test_a_server_that_does_not_say_gets_ninety_six() -> None:
    backend = Backend(seconds=1)
    crowd(signal(backend, most=None), 100, 9)
    assert backend.at_once == 96


def test_a_server_that_failed_is_tried_last_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "FAILED_SECONDS", 0.3)
    first, second = Backend(UNREACHABLE), Backend()
    to = signal(first, second)
    for _ in range(5):
        assert deliver(to, ["a"]) == [SENT]
    assert (len(first.recipients), len(second.recipients)) == (1, 5)
    first.outcome = SENT
    sleep(0.3)
    deliver(to, ["a"])
    assert (len(first.recipients), len(second.recipients)) == (2, 5)
