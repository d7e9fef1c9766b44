"""Other senders, as themselves: what their settings in the documents make the gateway send."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from pysignalclirestapi import SignalCliRestApi

from tests import gateway, standin
from tests.gateway import TOKEN, Gateway
from tests.standin import StandIn

MESSAGE = "The garage *door* is open"


@contextmanager
def servers() -> Iterator[tuple[Gateway, StandIn]]:
    """The gateway and Signal's server as processes."""
    with standin.running() as signal:
        with gateway.sending(
            signal.url,
        ) as running:
            yield running, signal


def home_assistant(configuration: str) -> list[dict[str, Any]]:
    """What Signal gets from an entry of ``notify`` in configuration.yaml.

    Source: home-assistant/core homeassistant/components/signal_messenger/notify.py.
    """
    (entry,) = yaml.safe_load(configuration)["notify"]
    assert entry.pop("platform") == "signal_messenger"
    assert set(entry) == {"name", "url", "number", "recipients"}
    with servers() as (running, signal):
        host = running.url.removeprefix("http://")
        url = entry["url"].replace("https://", "http://").replace("TOKEN", TOKEN)
        url = url.replace("gateway.example.com", host)
        api = SignalCliRestApi(url, entry["number"])
        api.about()  # as the form of the integration does
        api.send_message(MESSAGE, entry["recipients"], None, None, text_mode="normal")
        return signal.books.requests
