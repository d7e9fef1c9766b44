"""Delivery: one request for each recipient, and the truth about each of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from time import monotonic
from urllib.parse import urlsplit

from app.settings import Settings
from app.signal.daemon import DaemonServer
from app.signal.limited import Limited
from app.signal.outcome import Message, Outcome, State
from app.signal.preview import Preview
from app.signal.rest import RestServer
from app.signal.route import DEFAULT_CONCURRENCY, NO_TURN, Route

PROBE_SECONDS = 5.0
Server = RestServer | DaemonServer


class Signal:
    """All servers of Signal's that this process may use, in the order in which they are tried."""

    def __init__(self, routes: Sequence[Route], timeout: float) -> None:
        self._routes = routes
        self._timeout = timeout
        self._limited = Limited()
        self._threads = ThreadPoolExecutor(DEFAULT_CONCURRENCY, "recipient")
        self._probes = ThreadPoolExecutor(max(len(routes), 1), "probe")

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
        if limited := self._limited.outcome(message, recipient):
            return limited
        outcome = self._first_reachable(message, recipient, deadline)
        self._limited.note(message, recipient, outcome)
        return outcome

    def _first_reachable(
        self, message: Message, recipient: str, deadline: float
    ) -> Outcome:
        """The next server is tried only when the message was certainly not sent."""
        outcome = NO_TURN
        for route in sorted(self._routes, key=lambda route: route.is_doubtful):
            tried = route.send(message, recipient, deadline)
            if tried is NO_TURN and outcome is not NO_TURN:
                return outcome
            outcome = tried
            if not (
                outcome.state is State.NOT_SENT and outcome.code == "signal_unreachable"
            ):
                break
        return outcome

    def problems(self, sender: str | None) -> list[str]:
        """The codes of what keeps every server from sending; none as soon as one of them is ready."""
        deadline = monotonic() + PROBE_SECONDS
        probes = [
            self._probes.submit(route.backend.problem, sender, deadline)
            for route in self._routes
        ]
        found = set()
        for probe in as_completed(probes):
            if not (code := probe.result()):
                return []
            found.add(code)
        return sorted(found)


def connect(settings: Settings) -> Signal:
    """The delivery that the settings ask for. Nothing is contacted yet."""
    routes = [
        Route(server, name, settings.signal_concurrency)
        for name, server in servers(settings)
    ]
    if settings.preview:
        routes = [Route(Preview(), "preview", settings.signal_concurrency)]
    return Signal(routes, settings.signal_timeout)


def servers(settings: Settings) -> list[tuple[str, Server]]:
    """Signal's servers by name, not contacted yet."""
    return [(name_of(url), _server(url)) for url in settings.signal_urls]


def name_of(url: str) -> str:
    """Host and port, which tell servers apart, without the password that may stand before them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _server(url: str) -> Server:
    return DaemonServer(url) if url.endswith("/api/v1/rpc") else RestServer(url)
