"""Delivery: the truth about each recipient, before the deadline.

Sends run on threads of their own, so that a server that never ends its answer cannot hold up
the caller's.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Condition, Lock
from time import monotonic
from typing import Protocol

from app import metrics
from app.signal.outcome import BUSY, Batch, Message, Outcome, State, gravest
from app.signal.transport import Unusable

DEFAULT_CONCURRENCY = 96  # sends at once, where the server does not say
FAILED_SECONDS = 10.0  # a server that failed is tried last for this long
LEARNING_SECONDS = 2.0
PROBE_SECONDS = 5.0


class Backend(Protocol):
    """A server that takes messages for Signal."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome: ...

    def doubt(self, sender: str, recipient: str, deadline: float) -> Outcome | None: ...

    def concurrency(self, deadline: float) -> int | None: ...

    def accounts(self, deadline: float) -> list[str] | None: ...


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
        except (
            RuntimeError
        ):  # no thread is left, but another one may take this up later
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
            doubt = self.backend.doubt(message.sender, recipient, deadline)
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
        self._probes = ThreadPoolExecutor(max(len(routes), 1), "probe")

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
                    outcomes[to] = min(outcomes.get(to, outcome), outcome, key=gravest)
        return [outcomes[to] for to in recipients]

    def problems(self, sender: str | None) -> list[str]:
        """The codes of what keeps every server from sending; none if one of them is ready."""
        until = monotonic() + PROBE_SECONDS
        servers = [route.backend for route in self._routes]
        probes = [self._probes.submit(_problem, s, sender, until) for s in servers]
        found = set()
        for probe in as_completed(probes):
            if not (code := probe.result()):
                return []
            found.add(code)
        return sorted(found)


def may_go_on(outcome: Outcome | None) -> bool:
    """Whether the next server may be tried: certainly not sent, for the server's sake."""
    if outcome is None:
        return True
    return outcome.server_failed and outcome.state is State.NOT_SENT


def _problem(backend: Backend, sender: str | None, deadline: float) -> str | None:
    try:
        numbers = backend.accounts(deadline)
    except Unusable:
        return "signal_unreachable"
    is_missing = sender and numbers is not None and sender not in numbers
    return "sender_not_registered" if is_missing else None
