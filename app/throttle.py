"""How often: messages of a client and to a recipient, wrong tokens from an address.

The counting is that of the library `limits`, in a moving window. Where its storage is down the gateway
goes on sending: a code must not depend on Redis.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from math import ceil
from threading import Lock, Timer
from time import monotonic, time
from typing import TypeVar, cast

from limits import RateLimitItem
from limits import parse as parse_limit
from limits.errors import StorageError
from limits.storage import (
    MemoryStorage,
    MovingWindowSupport,
    Storage,
    storage_from_string,
)

from app import metrics
from app.clients import Client
from app.errors import GatewayError
from app.logs import LOG
from app.signal.outcome import Outcome, State, not_sent

T = TypeVar("T")

# A login page that is loaded again makes a new code and voids the old: this must not lock a person out.
CODES_TO_RECIPIENT = "10 per 5 minutes"
WRONG_TOKENS = "10 per minute"
PAUSE_SECONDS = 5.0  # for so long a storage that failed is not asked again
SWEEP_SECONDS = 10.0
_OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1}


parsed = cache(parse_limit)  # the few texts of templates.yaml


class CalmMemory(MemoryStorage):
    """The library's storage in memory, which looks through all keys 10 ms after a hit: seldomer."""

    @property
    def timer(self) -> Timer:
        return self._timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        timer.interval = SWEEP_SECONDS
        timer.daemon = True
        self._timer = timer


def _storage(uri: str) -> object:
    if uri.startswith("memory"):
        return CalmMemory()
    return storage_from_string(uri, wrap_exceptions=True, **_OPTIONS)


class Throttle:
    """The limits, kept in the storage at ``uri``: ``memory://`` for one process, ``redis://`` for all."""

    def __init__(self, uri: str) -> None:
        storage = _storage(uri)
        self._storage: Storage = cast(Storage, storage)
        self._window = cast(MovingWindowSupport, storage)
        self._lock = Lock()
        self._failed_until = 0.0
        self._wrong_tokens = parsed(WRONG_TOKENS)

    @property
    def is_down(self) -> bool:
        """Whether the storage does not answer, so that nothing is limited."""
        return not self._asked(self._storage.check, False)

    def wrong_token(self, group: str) -> None:
        """Count a wrong token; raises ``rate_limited`` for one too many from there."""
        self._count("token", self._wrong_tokens, group)

    def message(self, client: Client) -> None:
        """Count a message of the client; raises ``rate_limited`` for one over its limit."""
        if "client" in client.limits:
            self._count("client", parsed(client.limits["client"]), client.name)

    def admit(
        self, client: Client, recipients: Sequence[str], is_code: bool
    ) -> dict[str, Outcome]:
        """Count a message to each of them; those over the limit, each with its outcome."""
        limit = _to_recipient(client, is_code)
        if limit is None:
            return {}
        refused = {
            recipient: not_sent(
                "rate_limited", "over the limit", self._wait(limit, key)
            )
            for recipient in recipients
            if not self._is_within(limit, key := _key(client, recipient))
        }
        if refused:
            metrics.LIMITS_HIT.labels("recipient").inc(len(refused))
        return refused

    def give_back(
        self, client: Client, sent: Mapping[str, Outcome], is_code: bool
    ) -> None:
        """What was counted and certainly not sent does not count against the recipient."""
        limit = _to_recipient(client, is_code)
        if limit is None:
            return
        for recipient, outcome in sent.items():
            if outcome.state is State.NOT_SENT:
                key = f"{_key(client, recipient)}/back"
                self._asked(partial(self._storage.incr, key, limit.get_expiry()), 0)

    def _count(self, kind: str, limit: RateLimitItem, name: str) -> None:
        key = f"{kind}/{name}"
        if not self._is_within(limit, key):
            metrics.LIMITS_HIT.labels(kind).inc()
            raise GatewayError("rate_limited", retry_after=self._wait(limit, key))

    def _is_within(self, limit: RateLimitItem, key: str) -> bool:
        """Count one more under ``key`` if that is within the limit, as one step for all processes."""

        def acquire() -> bool:
            amount = limit.amount + self._storage.get(f"{key}/back")
            return self._window.acquire_entry(key, amount, limit.get_expiry())

        return self._asked(acquire, True)

    def _wait(self, limit: RateLimitItem, key: str) -> int:
        """Seconds until the oldest that counts no longer does."""

        def oldest() -> float:
            return self._window.get_moving_window(
                key, limit.amount, limit.get_expiry()
            )[0]

        left = self._asked(oldest, 0.0) + limit.get_expiry() - time()
        return min(max(ceil(left), 1), limit.get_expiry())

    def _asked(self, question: Callable[[], T], without: T) -> T:
        """The storage's answer, or ``without`` while it does not answer."""
        if monotonic() < self._failed_until:
            return without
        try:
            return question()
        except StorageError:
            with self._lock:
                self._failed_until = monotonic() + PAUSE_SECONDS
            LOG.critical(
                "the storage of the limits does not answer: nothing is limited"
            )
            return without


def _to_recipient(client: Client, is_code: bool) -> RateLimitItem | None:
    text = client.limits.get("recipient", CODES_TO_RECIPIENT if is_code else None)
    return parsed(text) if text else None


def _key(client: Client, recipient: str) -> str:
    """No number stands in the storage, only its digest."""
    return f"to/{client.name}/{hashlib.sha256(recipient.encode()).hexdigest()[:32]}"
