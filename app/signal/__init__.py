"""Delivery to Signal: which servers there are."""

from urllib.parse import urlsplit

from app.settings import Settings
from app.signal.daemon import DaemonServer
from app.signal.delivery import Route, Signal
from app.signal.preview import Preview
from app.signal.rest import RestServer

RPC = "/api/v1/rpc"  # how the address of a daemon ends
Server = RestServer | DaemonServer


def connect(settings: Settings) -> Signal:
    """The delivery that the settings ask for. Nothing is contacted yet."""
    if settings.preview:
        return Signal([Route(Preview(), "preview", 1)])
    most = settings.signal_concurrency
    return Signal([Route(server, name, most) for name, server in servers(settings)])


def servers(settings: Settings) -> list[tuple[str, Server]]:
    """Signal's servers by name, not contacted yet."""
    return [
        (name_of(url), DaemonServer(url) if url.endswith(RPC) else RestServer(url))
        for url in settings.signal_api_url
    ]


def name_of(url: str) -> str:
    """Host and port, which tell servers apart, without a password before them."""
    return urlsplit(url).netloc.rpartition("@")[2]
