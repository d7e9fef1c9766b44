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
from typing import TypeVar

from limits import RateLimitItem
from limits import parse as parse_limit
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage

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

parsed = cache(parse_limit)  # the few texts of templates.yaml


class CalmMemory(MemoryStorage):
    """The library's storage in memory, swept less often than 10 ms after a hit, but of empty keys too."""

    def __init__(self) -> None:
        self._lock = Lock()  # for changes: no hit goes into a list just dropped
        super().__init__()

    @property
    def timer(self) -> Timer:
        return self._timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        timer.interval = SWEEP_SECONDS
        timer.daemon = True
        timer.function = self._sweep
        self._timer = timer

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        with self._lock:
            return super().acquire_entry(key, limit, expiry, amount)

    def drop(self, key: str, at: float) -> None:
        """Uncount the last hit up to then. The list is a new one: it is read without the lock."""
        with self._lock:
            hits = self.events.get(key, [])
            later = [hit for hit in hits if hit.atime > at]
            self.events[key] = later + hits[len(later) + 1 :]

    def _sweep(self) -> None:
        for key in list(self.events):
            with self._lock:
                now = time()
                left = [hit for hit in self.events[key] if hit.expiry > now]
                if left:
                    self.events[key] = left
                else:
                    self.clear(key)


class SharedRedis(RedisStorage):
    """The library's storage in Redis, which keeps the hits of a key in a list, newest first."""

    def drop(self, key: str, at: float) -> None:
        """Uncount the last hit up to then; if another process just did, the one before."""
        name = self.prefixed_key(key)
        try:
            for hit in self.storage.lrange(name, 0, -1):
                if float(hit) <= at and self.storage.lrem(name, 1, hit):
                    return
        except self.base_exceptions as error:
            raise StorageError(error) from error


def _storage(uri: str) -> CalmMemory | SharedRedis:
    if uri.startswith("memory"):
        return CalmMemory()
    return SharedRedis(
        uri, wrap_exceptions=True, socket_timeout=1, socket_connect_timeout=1
    )


class Throttle:
    """The limits, kept in the storage at ``uri``: ``memory://`` for one process, ``redis://`` for all."""

    def __init__(self, uri: str) -> None:
        self._storage = _storage(uri)
        self._lock = Lock()
        self._failed_until = 0.0
        self._wrong_tokens = parsed(WRONG_TOKENS)

    @property
    def is_down(self) -> bool:
        """Whether the storage does not answer, so that nothing is limited."""
        return not self._asked(self._storage.check, False)

    def wrong_token(self, group: str, why: str) -> None:
        """Count a wrong token; raises ``rate_limited`` for one too many, with ``why`` for the log."""
        self._count("token", self._wrong_tokens, group, why)

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
        self,
        client: Client,
        sent: Mapping[str, Outcome],
        is_code: bool,
        seconds: float,
    ) -> None:
        """What was counted ``seconds`` ago and certainly not sent does not count any more."""
        limit = _to_recipient(client, is_code)
        if limit is None:
            return
        at = time() - seconds
        for recipient, outcome in sent.items():
            if outcome.state is State.NOT_SENT:
                key = _key(client, recipient)
                self._asked(partial(self._storage.drop, key, at), None)

    def _count(self, kind: str, limit: RateLimitItem, name: str, why: str = "") -> None:
        key = f"{kind}/{name}"
        if not self._is_within(limit, key):
            metrics.LIMITS_HIT.labels(kind).inc()
            raise GatewayError("rate_limited", why, self._wait(limit, key))

    def _is_within(self, limit: RateLimitItem, key: str) -> bool:
        """Count one more under ``key`` if that is within the limit, as one step for all processes."""
        acquire = partial(
            self._storage.acquire_entry, key, limit.amount, limit.get_expiry()
        )
        return self._asked(acquire, True)

    def _wait(self, limit: RateLimitItem, key: str) -> int:
        """Seconds until the oldest that counts no longer does."""

        seconds = limit.get_expiry()
        window = partial(self._storage.get_moving_window, key, limit.amount, seconds)
        oldest, _ = self._asked(window, (0.0, 0))
        return min(max(ceil(oldest + seconds - time()), 1), seconds)

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
