"""What the threads of a process share: turns at a server, and the recipients of a message."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Condition
from time import monotonic

from app import metrics
from app.signal.outcome import Message, Outcome, not_sent, unknown

BUSY = not_sent("busy", "no turn in time: as many sends as are allowed were under way")
LATE = unknown("the server did not answer in time")


class Turns:
    """Counts the sends under way in this process, and the requests that wait for one."""

    def __init__(self) -> None:
        self._change = Condition()
        self._under_way = 0
        self._waiting = 0

    def take(self, most: int, wanted: int, seconds: float) -> int:
        """How many sends may begin: at least one and up to ``wanted``, or none.

        At most ``most`` are under way. Twice as many requests, but at least four, may
        wait ``seconds`` for one to end.
        """
        with self._change:
            if self._waiting or self._under_way >= most:
                if not self._wait(most, seconds):
                    return 0
            turns = min(wanted, most - self._under_way)
            self._under_way += turns
            return turns

    def _wait(self, most: int, seconds: float) -> bool:
        if self._waiting >= max(2 * most, 4):
            return False
        self._waiting += 1
        try:
            with metrics.WAITING.track_inprogress():
                return self._change.wait_for(lambda: self._under_way < most, seconds)
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        with self._change:
            self._under_way -= 1
            self._change.notify()


class Batch:
    """The recipients of one message at one server, shared by the threads that send."""

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
