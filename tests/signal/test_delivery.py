"""Several recipients, several servers, one deadline, and a bound on what is under way."""

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from app import signal as signal_package
from app.signal import Signal, connect
from app.signal.outcome import Message, Outcome, State, not_sent, unknown
from app.signal.route import Route
from app.styling import plain
from tests import standin
from tests.conftest import NUMBER, settings

MESSAGE = Message("+4915100000001", plain("hello"))
SENT = Outcome(State.SENT, timestamp="1700000000000")
UNREACHABLE = not_sent("signal_unreachable", "down")
BUSY = not_sent(
    "busy", "no turn before the deadline: as many sends as are allowed were under way"
)


class Backend:
    """Answers each send with the same outcome after a while, and notes to whom."""

    def __init__(self, outcome: Outcome = SENT, seconds: float = 0) -> None:
        self.outcome = outcome
        self.seconds = seconds
        self.recipients: list[str] = []
        self.at_once = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        with self._lock:
            self.recipients.append(recipient)
            self._under_way += 1
            self.at_once = max(self.at_once, self._under_way)
        sleep(self.seconds)
        with self._lock:
            self._under_way -= 1
        return self.outcome

    def concurrency(self, deadline: float) -> int | None:
        return None

    def problem(self, sender: str | None, deadline: float) -> str | None:
        return None


def signal(backends: Sequence[Backend], timeout: float, concurrency: int) -> Signal:
    return Signal(
        [Route(backend, "signal", concurrency) for backend in backends], timeout
    )


def test_each_recipient_gets_a_send_of_its_own_side_by_side() -> None:
    backend = Backend(seconds=0.2)
    started = monotonic()
    outcomes = signal([backend], 5, 32).deliver(MESSAGE, ["a", "b", "c", "d"])
    assert outcomes == [SENT] * 4
    assert sorted(backend.recipients) == ["a", "b", "c", "d"]
    assert monotonic() - started < 0.6


def test_only_what_was_certainly_not_sent_goes_to_the_next_server() -> None:
    down, up, spare = Backend(UNREACHABLE), Backend(), Backend()
    assert signal([down, up, spare], 5, 32).deliver(MESSAGE, ["a"]) == [SENT]
    assert (down.recipients, up.recipients, spare.recipients) == (["a"], ["a"], [])


def test_what_may_have_been_sent_is_never_sent_again() -> None:
    for outcome in (unknown("?"), not_sent("not_on_signal", "?")):
        first, second = Backend(outcome), Backend()
        assert signal([first, second], 5, 32).deliver(MESSAGE, ["a"]) == [outcome]
        assert second.recipients == []


def test_the_last_servers_word_counts_when_all_are_down() -> None:
    last = not_sent("signal_unreachable", "the last")
    servers = [Backend(UNREACHABLE), Backend(last)]
    assert signal(servers, 5, 32).deliver(MESSAGE, ["a"]) == [last]


def test_never_more_sends_at_once_than_allowed_and_the_rest_is_busy() -> None:
    backend = Backend(seconds=0.2)
    delivery = signal([backend], 0.5, 1)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: delivery.deliver(MESSAGE, ["a"]), range(8)))
    assert backend.at_once == 1
    assert found.count([SENT]) == len(backend.recipients) == 3
    assert found.count([BUSY]) == 5


def test_recipients_without_a_turn_are_busy_and_were_not_sent_to() -> None:
    backend = Backend(seconds=0.3)
    outcomes = signal([backend], 0.5, 1).deliver(MESSAGE, ["a", "b", "c", "d"])
    assert outcomes == [SENT, SENT, BUSY, BUSY]
    assert backend.recipients == ["a", "b"]


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_ready_is_said_at_once_while_another_server_hangs(hanging: str) -> None:
    with standin.running() as working:
        started = monotonic()
        servers = connect(settings(signal_urls=(hanging, working.url)))
        assert servers.problems(NUMBER) == []
    assert monotonic() - started < 2


def test_what_keeps_each_server_from_sending_is_told(
    hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal_package, "PROBE_SECONDS", 0.5)
    with standin.running() as other:
        other.accounts = []
        servers = connect(settings(signal_urls=(hanging, other.url)))
        found = servers.problems(NUMBER)
    assert found == ["sender_not_registered", "signal_unreachable"]
