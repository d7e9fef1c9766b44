"""Delivery: the truth about each recipient, before the deadline.

Sends run on threads of their own, so that a server that never ends its answer cannot hold
up the caller's.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Thread
from time import monotonic
from typing import Protocol

from app import metrics
from app.signal.outcome import Message, Outcome, State, gravest
from app.signal.transport import Unusable
from app.signal.turns import BUSY, Batch, Turns

DEFAULT_CONCURRENCY = 96  # sends at once, where the server does not say
FAILED_SECONDS = 10.0  # a server that failed is tried last for this long
LEARNING_SECONDS = 2.0
PROBE_SECONDS = 5.0


class Backend(Protocol):
    """A server that takes messages for Signal."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome: ...

    def concurrency(self, deadline: float) -> int | None: ...

    def accounts(self, deadline: float) -> list[str] | None: ...


class Route:
    """One server and the turns at it.

    ``name`` stands in log and metrics and holds no password. ``concurrency`` is used
    instead of what the server says about itself.
    """

    def __init__(
        self, backend: Backend, name: str, concurrency: int | None = None
    ) -> None:
        self.backend = backend
        self._name = name
        self._concurrency = concurrency
        self._learned: int | None = None
        self._turns = Turns()
        self._seconds = metrics.SIGNAL_SECONDS.labels(name)
        self.failed_until = 0.0

    def deliver(
        self, message: Message, recipients: Sequence[str], deadline: float
    ) -> dict[str, Outcome]:
        """The outcome for each recipient. The request waits for its turn once."""
        most = self._concurrency or self._learn(deadline)
        turns = self._turns.take(most, len(recipients), (deadline - monotonic()) / 2)
        batch = Batch(message, recipients, deadline)
        started = sum(self._start(batch) for _ in range(turns))
        return batch.outcomes(deadline if started else 0)

    def _learn(self, deadline: float) -> int:
        """How many sends at once the server can do, asked until it says so."""
        if not self._learned:
            seconds = monotonic() + LEARNING_SECONDS
            self._learned = self.backend.concurrency(min(deadline, seconds))
        return self._learned or DEFAULT_CONCURRENCY

    def _start(self, batch: Batch) -> bool:
        try:
            Thread(target=self._work, args=[batch], daemon=True).start()
            return True
        except RuntimeError:  # the system has no thread left
            self._turns.give_back()
            return False

    def _work(self, batch: Batch) -> None:
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
            self._turns.give_back()

    def _send(self, batch: Batch, recipient: str) -> Outcome:
        started = monotonic()
        if started >= batch.deadline:
            return BUSY
        outcome = self.backend.send(batch.message, recipient, batch.deadline)
        self._seconds.observe(monotonic() - started)
        failed = outcome.server_failed
        self.failed_until = monotonic() + FAILED_SECONDS if failed else 0.0
        if failed:
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
        for route in sorted(self._routes, key=_failed):
            left = [to for to in recipients if may_go_on(outcomes.get(to))]
            if not left:
                break
            for to, outcome in route.deliver(message, left, deadline).items():
                both = [outcomes.get(to, outcome), outcome]
                outcomes[to] = min(both, key=_rank)
        return [outcomes[to] for to in recipients]

    def problems(self, sender: str | None) -> list[str]:
        """The codes of what keeps every server from sending; none if one of them is ready."""
        deadline = monotonic() + PROBE_SECONDS
        probes = [
            self._probes.submit(_problem, route.backend, sender, deadline)
            for route in self._routes
        ]
        found = set()
        for probe in as_completed(probes):
            if not (code := probe.result()):
                return []
            found.add(code)
        return sorted(found)


def _failed(route: Route) -> bool:
    return monotonic() < route.failed_until


def _rank(outcome: Outcome) -> tuple[bool, int]:
    """What was sent or may have been comes first, then the gravest reason."""
    return outcome.state is State.NOT_SENT, gravest(outcome)


def may_go_on(outcome: Outcome | None) -> bool:
    """Whether the next server may be tried: certainly not sent, and not for the message's sake."""
    is_servers = outcome is not None and outcome.server_failed
    return outcome is None or (is_servers and outcome.state is State.NOT_SENT)


def _problem(backend: Backend, sender: str | None, deadline: float) -> str | None:
    try:
        numbers = backend.accounts(deadline)
    except Unusable:
        return "signal_unreachable"
    is_missing = sender and numbers is not None and sender not in numbers
    return "sender_not_registered" if is_missing else None
