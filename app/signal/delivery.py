"""Delivery: the truth about each recipient, before the deadline.

Sends run on threads of their own, so that a server that never ends its answer cannot hold up
the caller's.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Condition, Lock
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


class Batch:
    """A message to its recipients at one server, shared by the threads that send it."""

    def __init__(self, message: Message, recipients: Sequence[str], deadline: float):
        self.message = message
        self.deadline = deadline
        self._recipients = recipients
        self._unsent = deque(recipients)
        self._done = SimpleQueue[tuple[str, Outcome | Exception]]()

    def take(self) -> Iterator[str]:
        """The recipients that are left; each goes to one thread only."""
        with suppress(IndexError):
            while True:
                yield self._unsent.popleft()

    def end(self, recipient: str, outcome: Outcome | Exception) -> None:
        self._done.put((recipient, outcome))

    def outcomes(self, deadline: float) -> dict[str, Outcome]:
        """What is known at the deadline; raises what a send raised, a bug."""
        found: dict[str, Outcome] = {}
        with suppress(Empty):
            while len(found) < len(self._recipients):
                left = max(deadline - monotonic(), 0)
                recipient, outcome = self._done.get(timeout=left)
                if isinstance(outcome, Exception):
                    raise outcome
                found[recipient] = outcome
        unsent = dict.fromkeys(self.take(), BUSY)
        return {**dict.fromkeys(self._recipients, LATE), **unsent, **found}


class Route:
    """One server and the turns at it: sends under way in this process, and requests waiting.

    ``name`` stands in log and metrics and holds no password. ``most`` sends at once are used
    instead of what the server says about itself.
    """

    def __init__(self, backend: Backend, name: str, most: int | None = None) -> None:
        self.backend = backend
        self.failed_until = 0.0
        self._name = name
        self._most = most
        self._learned: int | None = None
        self._threads = ThreadPoolExecutor(most or DEFAULT_CONCURRENCY, name)
        self._change = Condition()
        self._under_way = 0
        self._waiting = 0

    def deliver(
        self, message: Message, recipients: Sequence[str], deadline: float
    ) -> dict[str, Outcome]:
        """The outcome for each recipient. The request waits for its turn once."""
        most = self._most or self._learn(deadline)
        seconds = (deadline - monotonic()) / 2
        turns = self._take_turns(most, len(recipients), seconds)
        batch = Batch(message, recipients, deadline)
        started = sum(self._start(batch) for _ in range(turns))
        return batch.outcomes(deadline if started else 0)

    def _learn(self, deadline: float) -> int:
        """How many sends at once the server can do, asked until it says so."""
        if not self._learned:
            until = min(deadline, monotonic() + LEARNING_SECONDS)
            self._learned = self.backend.concurrency(until)
        return self._learned or DEFAULT_CONCURRENCY

    def _take_turns(self, most: int, wanted: int, seconds: float) -> int:
        """How many sends may begin: at least one and up to ``wanted``, or none.

        Twice as many requests as sends, but at least four, may wait for one to end.
        """
        with self._change:
            if self._waiting or self._under_way >= most:
                if self._waiting >= max(2 * most, 4) or not self._wait(most, seconds):
                    return 0
            turns = min(wanted, most - self._under_way)
            self._under_way += turns
            return turns

    def _wait(self, most: int, seconds: float) -> bool:
        self._waiting += 1
        with metrics.WAITING.track_inprogress():
            is_free = self._change.wait_for(lambda: self._under_way < most, seconds)
        self._waiting -= 1
        return is_free

    def _give_back(self, turn: Lock) -> None:
        """End a turn, once."""
        if turn.acquire(blocking=False):
            with self._change:
                self._under_way -= 1
                self._change.notify()

    def _start(self, batch: Batch) -> bool:
        turn = Lock()
        try:
            self._threads.submit(self._work, batch, turn)
            return True
        except RuntimeError:  # no thread is left, but another may take this up later
            self._give_back(turn)
            return False

    def _work(self, batch: Batch, turn: Lock) -> None:
        try:
            for recipient in batch.take():
                outcome = self._send(batch, recipient)
                batch.end(recipient, outcome)
                if may_go_on(outcome):
                    for other in batch.take():
                        batch.end(other, outcome)
        except Exception as error:
            batch.end(recipient, error)
        finally:
            self._give_back(turn)

    def _send(self, batch: Batch, recipient: str) -> Outcome:
        if monotonic() >= batch.deadline:
            return BUSY
        message, deadline = batch.message, batch.deadline
        with metrics.SIGNAL_SECONDS.labels(self._name).time():
            outcome = self.backend.send(message, recipient, deadline)
        if outcome.code == "not_on_signal":
            until = (monotonic() + deadline) / 2  # it must not make this unknown
            doubt = self.backend.doubt(message.sender, recipient, until)
            outcome = doubt or outcome
        self.failed_until = 0.0
        if outcome.server_failed:
            self.failed_until = monotonic() + FAILED_SECONDS
            self._learned = None  # it may come back in another mode
        return replace(outcome, backend=self._name)


class Signal:
    """The Signal servers that this process may use, in the order in which they are tried."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self.backends = [route.backend for route in routes]

    def deliver(
        self, message: Message, recipients: Sequence[str], deadline: float
    ) -> list[Outcome]:
        """The outcome for each recipient, in their order, before ``deadline``.

        The next server is tried only with what was certainly not sent.
        """
        outcomes: dict[str, Outcome] = {}
        for route in sorted(self._routes, key=lambda r: monotonic() < r.failed_until):
            left = [to for to in recipients if may_go_on(outcomes.get(to))]
            if left:
                for to, outcome in route.deliver(message, left, deadline).items():
                    both = outcomes.get(to, outcome), outcome
                    outcomes[to] = min(both, key=lambda o: GRAVEST.index(o.code))
        return [outcomes[to] for to in recipients]


def may_go_on(outcome: Outcome | None) -> bool:
    """Whether the next server may be tried: certainly not sent, for the server's sake."""
    if outcome is None:
        return True
    return outcome.server_failed and outcome.state is State.NOT_SENT
