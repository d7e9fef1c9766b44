"""The blueprint: a request's whole way, from the token to what became of the message."""

from time import monotonic

from flask import Blueprint, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import access, answers, payloads
from app.errors import GatewayError
from app.observability import journal
from app.settings import Settings
from app.signal import Signal
from app.signal.outcome import Message, state
from app.templates import Catalogue

Answer = tuple[dict[str, object], int]


def blueprint(settings: Settings, catalogue: Catalogue, signal: Signal) -> Blueprint:
    """The routes that send. The parts are built by the caller and shared by all requests."""
    gateway = Blueprint("gateway", __name__)

    @gateway.post("/v2/send", defaults={"template": None})
    @gateway.post("/v2/send/<template>")
    def send(template: str | None) -> Answer:
        noted = journal()
        if settings.preview:
            access.check_local(request.remote_addr)
        noted.client = access.identify(
            request.headers.get("Authorization"), settings.api_tokens
        )
        client = catalogue.client(noted.client)
        body = _body(settings.max_body_bytes)
        wanted = payloads.read(body, catalogue.variables, settings.default_region)
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
        noted.state = state(outcomes)
        noted.detail = "; ".join({o.detail: None for o in outcomes if o.detail})
        noted.urgent = any(outcome.urgent for outcome in outcomes)
        return answers.delivered(noted.recipients, outcomes)

    return gateway


def _body(limit: int) -> bytes:
    """The whole body or an error: gunicorn hands over what came, even of one that was cut off."""
    # One byte more, so that a chunked body over the limit shows.
    request.max_content_length = limit + 1
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except (
        Exception
    ) as error:  # whatever the server raises for a body that breaks its framing
        raise GatewayError("bad_request", hint="it broke off on its way") from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    if len(body) < (request.content_length or 0):
        raise GatewayError("bad_request", hint="it broke off on its way")
    return body
