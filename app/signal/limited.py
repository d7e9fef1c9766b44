"""Whom Signal limits: a repeated attempt deepens the limit, so none is made until its time is over.

authentik repeats a refused notification five times within minutes.
"""

from dataclasses import replace
from threading import Lock
from time import monotonic

from app.signal.outcome import Message, Outcome
from app.signal.signal_cli import DEFAULT_RETRY_AFTER

LONGEST_PAUSE = 15 * 60  # seconds, where Signal names no time or wants a captcha
MOST_PAIRS = 10_000


class Limited:
    """Pairs of sender and recipient that wait, each with the end of its pause; known to this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pauses: dict[int, tuple[float, int, Outcome]] = {}

    def outcome(self, message: Message, recipient: str) -> Outcome | None:
        """What is known without an attempt: the limit's outcome with the time that is left."""
        until, _, outcome = self._pauses.get(_pair(message, recipient), (0.0, 0, None))
        left = until - monotonic()
        if outcome is None or left <= 0:
            return None
        return replace(outcome, retry_after=int(left) + 1, urgent=False)

    def note(self, message: Message, recipient: str, outcome: Outcome) -> None:
        """Remember a limit, and forget it once something else came of an attempt."""
        pair = _pair(message, recipient)
        is_limited = outcome.code == "signal_rate_limited"
        if not is_limited and pair not in self._pauses:
            return
        with self._lock:
            if outcome.code in ("busy", "signal_unreachable"):
                return  # there was no attempt
            if not is_limited:
                self._pauses.pop(pair, None)
                return
            seconds = self._pause(pair, outcome.retry_after or DEFAULT_RETRY_AFTER)
            if outcome.urgent:  # it names a day, and a person may solve it at once
                seconds = min(seconds, LONGEST_PAUSE)
            if len(self._pauses) >= MOST_PAIRS:
                self._pauses.pop(next(iter(self._pauses)))
            self._pauses[pair] = (monotonic() + seconds, seconds, outcome)

    def _pause(self, pair: int, named: int) -> int:
        """The time that Signal named; where it named none, twice the last, up to 15 minutes."""
        if named != DEFAULT_RETRY_AFTER or pair not in self._pauses:
            return named
        return min(self._pauses[pair][1] * 2, LONGEST_PAUSE)


def _pair(message: Message, recipient: str) -> int:
    return hash((message.sender, recipient))
