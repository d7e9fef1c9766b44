"""Delivery: one request for each recipient, and the truth about each of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import BoundedSemaphore
from time import monotonic
from typing import Protocol

from app.settings import Settings
from app.signal.outcome import Message, Outcome, State, not_sent
from app.signal.preview import Preview
from app.signal.rest import RestServer

DEFAULT_CONCURRENCY = 32  # sends at once a process
NO_TURN = not_sent(
    "busy", "no turn before the deadline: as many sends as are allowed were under way"
)


class Backend(Protocol):
    """Something that takes messages for Signal."""

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome: ...


class Signal:
    """All servers of Signal's that this process may use, in the order in which they are tried."""

    def __init__(
        self, backends: Sequence[Backend], timeout: float, concurrency: int
    ) -> None:
        self._backends = backends
        self._timeout = timeout
        self._turns = BoundedSemaphore(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="recipient")

    def deliver(self, message: Message, recipients: Sequence[str]) -> list[Outcome]:
        """The outcome for each recipient, in their order, within the timeout over all of it."""
        deadline = monotonic() + self._timeout
        if len(recipients) == 1:
            return [self._send(message, recipients[0], deadline)]
        sends = [
            self._threads.submit(self._send, message, recipient, deadline)
            for recipient in recipients
        ]
        wait(sends, timeout=self._timeout)
        return [NO_TURN if send.cancel() else send.result() for send in sends]

    def _send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        if not self._turns.acquire(timeout=max(deadline - monotonic(), 0)):
            return NO_TURN
        try:
            return (
                self._first_reachable(message, recipient, deadline)
                if monotonic() < deadline
                else NO_TURN
            )
        finally:
            self._turns.release()

    def _first_reachable(
        self, message: Message, recipient: str, deadline: float
    ) -> Outcome:
        """The next server is tried only when the message was certainly not sent."""
        for backend in self._backends:
            outcome = backend.send(message, recipient, deadline)
            if (
                outcome.state is not State.NOT_SENT
                or outcome.code != "signal_unreachable"
            ):
                break
        return outcome


def connect(settings: Settings) -> Signal:
    """The delivery that the settings ask for. Nothing is contacted yet."""
    backends: list[Backend] = [RestServer(url) for url in settings.signal_urls]
    concurrency = settings.signal_concurrency or DEFAULT_CONCURRENCY
    return Signal(backends or [Preview()], settings.signal_timeout, concurrency)
