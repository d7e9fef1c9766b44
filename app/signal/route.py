"""One server and the way to it: whose turn it is, whether it can be trusted, how much it stands."""

import fcntl
import tempfile
import weakref
from collections import deque
from math import inf
from threading import Condition, Lock
from time import monotonic, sleep
from typing import Protocol

from app import metrics
from app.signal.outcome import Message, Outcome, not_sent

DEFAULT_CONCURRENCY = 32  # sends at once a process, where the server does not say
FAILED_SECONDS = 10.0  # for so long a server that failed is asked last
SILENT_SECONDS = 3.0  # a server that answers nobody for so long is asked last, too
LEARNING_SECONDS = 2.0
POLL_SECONDS = 0.02
NEWEST_SHARE = 0.3  # of the newest turn in the mean of the time that turns take

NO_TURN = not_sent(
    "busy", "no turn before the deadline: as many sends as are allowed were under way"
)


class Backend(Protocol):
    """A server that takes messages for Signal."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome: ...

    def concurrency(self, deadline: float) -> int | None: ...

    def problem(self, sender: str | None, deadline: float) -> str | None: ...


class Turns:
    """At most so many at once in this process; if it is one, then among all workers of one start.

    Turns are in the order of asking. Who would wait past the deadline, by the time that turns take,
    is told so at once and does not hold up a thread.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._queue: deque[object] = deque()
        self.taken = 0
        self._seconds = 0.0  # that a turn takes, a running mean
        # Opened before gunicorn forks its workers. A record lock on it belongs to a process, and the
        # kernel gives it back even for one that is killed.
        self._file = tempfile.TemporaryFile()
        weakref.finalize(self, self._file.close)

    def take(self, limit: int, deadline: float) -> float | None:
        """When a turn began that must be given back; ``None`` if there was none before ``deadline``."""
        if not self._wait(limit, deadline):
            return None
        began = monotonic()
        if limit > 1 or self._lock_machine(deadline):
            return began
        self.give_back(limit, began)
        return None

    def _wait(self, limit: int, deadline: float) -> bool:
        me = object()
        with self._condition:
            self._queue.append(me)
            try:
                while self.taken >= limit or self._queue[0] is not me:
                    left = deadline - monotonic()
                    turns_before = self._queue.index(me) + 1
                    if left <= 0 or turns_before * self._seconds / limit > left:
                        return False
                    with metrics.WAITING.track_inprogress():
                        self._condition.wait(left)
                self.taken += 1
                return True
            finally:
                self._queue.remove(me)
                self._condition.notify_all()

    def _lock_machine(self, deadline: float) -> bool:
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                if monotonic() + POLL_SECONDS >= deadline:
                    return False
            sleep(POLL_SECONDS)

    def give_back(self, limit: int, began: float) -> None:
        if limit == 1:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        with self._condition:
            self.taken -= 1
            self._seconds += (monotonic() - began - self._seconds) * NEWEST_SHARE
            self._condition.notify_all()


class Route:
    """The way to one server. ``concurrency`` overrides what the server says of itself.

    ``name`` is what log and metrics call it, without a password.
    """

    def __init__(
        self, backend: Backend, name: str, concurrency: int | None = None
    ) -> None:
        self.backend = backend
        self._name = name
        self._seconds = metrics.SIGNAL_SECONDS.labels(name)
        self._fixed = concurrency
        self._turns = Turns()
        self._learning = Lock()
        self._learned = DEFAULT_CONCURRENCY
        self._learn_at = 0.0
        self._failed_until = 0.0
        self._silent_since = 0.0

    @property
    def is_doubtful(self) -> bool:
        """Whether others should be asked before: it failed a moment ago, or answers nobody."""
        now = monotonic()
        is_silent = self._turns.taken and now - self._silent_since > SILENT_SECONDS
        return bool(now < self._failed_until or is_silent)

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """What became of the message, ``busy`` if there was no turn for it before ``deadline``."""
        limit = self._limit(deadline)
        began = self._turns.take(limit, deadline)
        if began is None:
            return NO_TURN
        try:
            return self._sent(message, recipient, deadline)
        finally:
            self._turns.give_back(limit, began)

    def _sent(self, message: Message, recipient: str, deadline: float) -> Outcome:
        started = monotonic()
        if started >= deadline:
            return NO_TURN
        if self._turns.taken == 1:
            self._silent_since = started
        outcome = self.backend.send(message, recipient, deadline)
        self._seconds.observe(monotonic() - started)
        self._end(outcome)
        return Outcome(**{**vars(outcome), "backend": self._name})

    def _end(self, outcome: Outcome) -> None:
        """Keep what it shows of the server. Single assignments: no thread waits for another here."""
        if outcome.server_failed:
            self._failed_until = monotonic() + FAILED_SECONDS
            self._learn_at = 0.0
        else:
            self._failed_until = 0.0
            self._silent_since = monotonic()

    def _limit(self, deadline: float) -> int:
        """How many at once; asked of the server at first use, and again after it failed."""
        if self._fixed:
            return self._fixed
        if monotonic() >= self._learn_at:
            with self._learning:  # the others wait for whoever asks first
                if monotonic() >= self._learn_at:
                    self._learn(min(deadline, monotonic() + LEARNING_SECONDS))
        return self._learned

    def _learn(self, deadline: float) -> None:
        found = self.backend.concurrency(deadline)
        self._learned = found or self._learned
        self._learn_at = inf if found else monotonic() + FAILED_SECONDS
