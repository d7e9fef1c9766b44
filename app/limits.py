"""How often: messages of a client and to a recipient, wrong tokens from an address.

Where the storage is down or slow the gateway goes on sending: a code must not depend on Redis.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from time import monotonic, time
from typing import Any, TypeVar

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app import metrics
from app.errors import GatewayError
from app.logs import LOG
from app.signal.outcome import Outcome, not_sent

T = TypeVar("T")
Limit = RateLimitItem | None

WRONG_TOKENS = parse("10 per minute")
SLOWEST_SECONDS = 0.5  # an answer of the storage that takes longer counts as none
PAUSE_SECONDS = 5.0  # for which a storage that failed is not asked again


class Limits:
    """The limits, counted in the storage at ``uri``.

    ``memory://`` counts in this process, ``redis://`` for all that share it.
    """

    def __init__(self, uri: str) -> None:
        names = ("socket_timeout", "socket_connect_timeout")
        options = dict.fromkeys(names, SLOWEST_SECONDS) if "redis" in uri else {}
        storage: Any = storage_from_string(uri, wrap_exceptions=True, **options)
        self._check = storage.check
        self._limiter = MovingWindowRateLimiter(storage)
        self._failed_until = 0.0

    @property
    def is_down(self) -> bool:
        """Whether the storage does not answer, so that nothing is limited."""
        return not self._ask(self._check, False)

    def count(
        self, kind: str, limit: Limit, name: str, number: int = 1, why: str = ""
    ) -> None:
        """Count so many of a ``kind`` for a client or an address, where it has a limit.

        Raises ``rate_limited`` for too many; ``why`` is for the log.
        """
        if seconds := self._over(limit, kind, name, cost=number):
            metrics.LIMITS_HIT.labels(kind).inc()
            raise GatewayError("rate_limited", why, seconds)

    def admit(
        self, client: str, rules: Mapping[str, Limit], recipients: Sequence[str]
    ) -> dict[str, Outcome]:
        """Count a message to each recipient; the outcomes of those over a limit.

        ``rules`` are limits by what they are for: a template, or nothing for the client's own.
        """
        refused: dict[str, Outcome] = {}
        for recipient in recipients:
            # No number stands in the storage.
            digest = hashlib.sha256(recipient.encode()).hexdigest()[:32]
            for name, limit in rules.items():
                if seconds := self._over(limit, "to", client, name, digest):
                    over = not_sent("rate_limited", "over the limit", seconds)
                    refused[recipient] = over
                    metrics.LIMITS_HIT.labels("recipient").inc()
                    break
        return refused

    def _over(self, limit: Limit, *keys: str, cost: int = 1) -> int:
        """Count it. If it is one too many, the seconds until one more is allowed, else 0."""
        rules = self._limiter
        if not limit or self._ask(lambda: rules.hit(limit, *keys, cost=cost), True):
            return 0
        now = time()
        stats = self._ask(lambda: rules.get_window_stats(limit, *keys), None)
        seconds = ceil(stats.reset_time - now) if stats else 1
        return min(max(seconds, 1), limit.get_expiry())

    def _ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The storage's answer, or ``otherwise`` while it is down."""
        started = monotonic()
        if started < self._failed_until:
            return otherwise
        try:
            answer = question()
            if monotonic() - started < SLOWEST_SECONDS:
                return answer
        except StorageError:
            answer = otherwise
        self._failed_until = monotonic() + PAUSE_SECONDS
        LOG.critical("the storage of the limits does not answer: nothing is limited")
        return answer
