"""Delivery: the truth about each recipient, before the deadline.

Sends run on threads of their own, so that a server that never ends its answer cannot hold up
the caller's.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Event, Lock
from time import monotonic

from app import metrics
from app.signal.outcome import (
    GRAVEST,
    Backend,
    Message,
    Outcome,
    State,
    not_sent,
    unknown,
)

DEFAULT_CONCURRENCY = 96  # sends at once, where the server does not say
FAILED_SECONDS = 10.0  # a server that failed is tried last for this long
LEARNING_SECONDS = 2.0

BUSY = not_sent("busy", "no turn in time: as many sends as are allowed were under way")
LATE = unknown("the server did not answer in time")


class Route:
    """One server and the turns at it: sends under way in this process, and requests waiting.

    ``name`` stands in log and metrics and holds no password. ``most`` sends at once are used
    instead of what the server says about itself.
    """

    def __init__(self, backend: Backend, name: str, most: int | None = None) -> None:
        self.backend = backend
        self.failed_until = 0.0
        self._name = name
        self._most = most or DEFAULT_CONCURRENCY
        self._is_fixed = self._is_known = most is not None
        self._threads = ThreadPoolExecutor(self._most, name)
        self._learning = Lock()
        self._lock = Lock()
        self._under_way = 0
        self._waiting = deque[Event]()

    def deliver(
        self, message: Message, recipients: Sequence[str], deadline: float
    ) -> dict[str, Outcome]:
        """The outcome for each recipient. The request waits for its turn once."""
        if not self._is_known:
            self._learn(deadline)
        turns = self._take_turns(len(recipients), (deadline - monotonic()) / 2)
        unsent, outcomes = deque(recipients), dict[str, Outcome]()
        work = partial(self._work, message, unsent, outcomes, deadline)
        for thread in [self._start(work) for _ in range(turns)]:
            with suppress(TimeoutError):
                thread.result(deadline - monotonic())
        busy = dict.fromkeys(_take(unsent), BUSY)
        return {**dict.fromkeys(recipients, LATE), **busy, **outcomes}

    def _learn(self, deadline: float) -> None:
        """How many sends at once the server can do, asked until it says so.

        One request asks, and those that come meanwhile wait for the answer.
        """
        if self._learning.acquire(blocking=False):
            try:
                until = min(deadline, monotonic() + LEARNING_SECONDS)
                if most := self.backend.concurrency(until):
                    self._most, self._is_known = most, True
            finally:
                self._learning.release()
        elif self._learning.acquire(timeout=LEARNING_SECONDS):
            self._learning.release()

    def _take_turns(self, wanted: int, seconds: float) -> int:
        """How many sends may begin: up to ``wanted``, after waiting one, or none.

        Twice as many requests as sends, but at least four, may wait in a queue.
        """
        with self._lock:
            free = self._most - self._under_way
            if free > 0 and not self._waiting:
                self._under_way += min(wanted, free)
                return min(wanted, free)
            if len(self._waiting) >= max(2 * self._most, 4):
                return 0
            turn = Event()
            self._waiting.append(turn)
        with metrics.WAITING.track_inprogress():
            turn.wait(seconds)
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
            return int(turn.is_set())

    def _start(self, work: Callable[[], None]) -> Future[None]:
        try:
            thread = self._threads.submit(work)
        except RuntimeError:  # none is left, but another may find this work later
            thread = Future()
            thread.set_result(None)
        thread.add_done_callback(self._give_back)
        return thread

    def _give_back(self, thread: Future[None]) -> None:
        with self._lock:
            self._under_way -= 1
            while self._waiting and self._under_way < self._most:
                self._under_way += 1
                self._waiting.popleft().set()

    def _work(
        self,
        message: Message,
        unsent: deque[str],
        outcomes: dict[str, Outcome],
        deadline: float,
    ) -> None:
        """Send to those who are left, unless the server itself fails."""
        for recipient in _take(unsent):
            outcomes[recipient] = outcome = self._send(message, recipient, deadline)
            if may_go_on(outcome):
                outcomes.update(dict.fromkeys(_take(unsent), outcome))

    def _send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        if monotonic() >= deadline:
            return BUSY
        with metrics.SIGNAL_SECONDS.labels(self._name).time():
            outcome = self.backend.send(message, recipient, deadline)
        if outcome.code == "not_on_signal":
            until = (monotonic() + deadline) / 2  # it must not make this unknown
            doubt = self.backend.doubt(message.sender, recipient, until)
            if doubt and doubt.state is State.NOT_SENT:
                outcome = doubt
        self.failed_until = 0.0
        if outcome.server_failed:
            self.failed_until = monotonic() + FAILED_SECONDS
            self._is_known = self._is_fixed  # it may come back in another mode
        return replace(outcome, backend=self._name)


class Signal:
    """The Signal servers that this process may use, in the order in which they are tried."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self.backends = [route.backend for route in routes]

    def deliver(
        self, message: Message, recipients: Sequence[str], deadline: float
    ) -> dict[str, Outcome]:
        """The outcome for each recipient before ``deadline``.

        The next server is tried only with what was certainly not sent.
        """
        outcomes: dict[str, Outcome] = {}
        for route in sorted(self._routes, key=lambda r: monotonic() < r.failed_until):
            left = [to for to in recipients if may_go_on(outcomes.get(to))]
            found = route.deliver(message, left, deadline) if left else {}
            for to, outcome in found.items():
                both = outcomes.get(to, outcome), outcome
                outcomes[to] = min(both, key=lambda o: GRAVEST.index(o.code))
        return outcomes


def _take(unsent: deque[str]) -> Iterator[str]:
    """The recipients that are left; each goes to one thread only."""
    with suppress(IndexError):
        while True:
            yield unsent.popleft()


def may_go_on(outcome: Outcome | None) -> bool:
    """Whether the next server may be tried: certainly not sent, for the server's sake."""
    if outcome is None:
        return True
    return outcome.server_failed and outcome.state is State.NOT_SENT
