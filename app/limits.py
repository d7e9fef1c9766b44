"""How often: messages of a client and to a recipient, wrong tokens from an address.

Where the storage is down or slow the gateway goes on sending: a code must not depend on Redis.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
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

WRONG_TOKENS = "10 per minute"
SLOWEST_SECONDS = 0.5  # an answer of the storage that takes longer counts as none
PAUSE_SECONDS = 5.0  # for which a storage that failed is not asked again

_parsed = cache(parse)  # the few texts of templates.yaml


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

    def wrong_token(self, group: str, why: str) -> None:
        """Count a wrong token; raises ``rate_limited`` for one too many."""
        self._count("token", _parsed(WRONG_TOKENS), group, 1, why)

    def messages(
        self, client: str, limit: str | None, recipients: Sequence[str]
    ) -> None:
        """Count a client's messages, one a recipient; raises ``rate_limited`` for too many."""
        if limit:
            self._count("client", _parsed(limit), client, len(recipients))

    def admit(
        self, client: str, rules: Mapping[str, str | None], recipients: Sequence[str]
    ) -> dict[str, Outcome]:
        """Count a message to each recipient; the outcomes of those over a limit.

        ``rules`` are limits by what they are for: a template, or nothing for the client's own.
        """
        refused: dict[str, Outcome] = {}
        for recipient in recipients:
            # No number stands in the storage.
            digest = hashlib.sha256(recipient.encode()).hexdigest()[:32]
            for name, limit in rules.items():
                keys = ("to", client, name, digest)
                if limit and not self._hit(_parsed(limit), *keys):
                    wait = self._wait(_parsed(limit), *keys)
                    over = not_sent("rate_limited", "over the limit", wait)
                    refused[recipient] = over
                    metrics.LIMITS_HIT.labels("recipient").inc()
                    break
        return refused

    def _count(
        self, kind: str, limit: RateLimitItem, name: str, number: int, why: str = ""
    ) -> None:
        if not self._hit(limit, kind, name, cost=number):
            metrics.LIMITS_HIT.labels(kind).inc()
            raise GatewayError("rate_limited", why, self._wait(limit, kind, name))

    def _hit(self, limit: RateLimitItem, *keys: str, cost: int = 1) -> bool:
        return self._ask(lambda: self._limiter.hit(limit, *keys, cost=cost), True)

    def _wait(self, limit: RateLimitItem, *keys: str) -> int:
        """Seconds until one more is allowed."""
        now = time()
        stats = self._ask(lambda: self._limiter.get_window_stats(limit, *keys), None)
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
