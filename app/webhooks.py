"""The blueprint: a request's whole way, from the token to what became of the message."""

from time import monotonic

from flask import Blueprint, request

from app import access, answers, payloads
from app.observability import journal
from app.settings import Settings
from app.signal import Signal
from app.signal.outcome import Message
from app.templates import Catalogue

Answer = tuple[dict[str, object], int]


def blueprint(settings: Settings, catalogue: Catalogue, signal: Signal) -> Blueprint:
    """The routes that send. The parts are built by the caller and shared by all requests."""
    gateway = Blueprint("gateway", __name__)

    @gateway.post("/v2/send", defaults={"template": None})
    @gateway.post("/v2/send/<template>")
    def send(template: str | None) -> Answer:
        noted = journal()
        noted.client = access.identify(
            request.headers.get("Authorization"), settings.api_tokens
        )
        client = catalogue.client(noted.client)
        wanted = payloads.read(
            request.get_data(), catalogue.variables, settings.default_region
        )
        chosen = catalogue.choose(template, client, wanted)
        noted.template = chosen.name if chosen else "-"
        noted.recipients = catalogue.recipients(chosen, wanted)
        access.check(client, chosen.name if chosen else None, noted.recipients)
        sender = access.sender(
            client, wanted.sender, settings.signal_number, settings.preview
        )
        message = Message(
            sender, catalogue.render(chosen, wanted), wanted.options.values
        )
        started = monotonic()
        outcomes = signal.deliver(message, noted.recipients)
        noted.signal_seconds = monotonic() - started
        noted.outcome = "sent"
        return answers.delivered(noted.recipients, outcomes)

    return gateway
