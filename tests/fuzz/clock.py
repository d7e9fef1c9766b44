"""Time that leaps between runs, so that each input meets an app that limits nobody yet."""

import time

LEAP = 25 * 3600.0  # seconds: no limit of an earlier run lasts so long


class Clock:
    """Stands in for Python's clocks; to be made before the app takes its functions from `time`."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._monotonic, self._time = time.monotonic, time.time
        time.monotonic = lambda: self._monotonic() + self._ahead
        time.time = lambda: self._time() + self._ahead

    def leap(self) -> None:
        self._ahead += LEAP
