"""The blueprint: a request's whole way, from the token to what became of the message."""

from time import monotonic

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import answers, callers, clients, metrics, payloads
from app.clients import Client
from app.errors import GatewayError
from app.observability import journal
from app.settings import Settings
from app.signal import Signal
from app.signal.outcome import Message, Outcome, State, state
from app.templates import Catalogue
from app.throttle import Throttle


def blueprint(
    settings: Settings, catalogue: Catalogue, throttle: Throttle, signal: Signal
) -> Blueprint:
    """The routes that send. The parts are built by the caller and shared by all requests."""
    gateway = Blueprint("gateway", __name__)

    @gateway.post("/v2/send", defaults={"template": None})
    @gateway.post("/v2/send/<template>")
    def send(template: str | None) -> Response:
        noted = journal()
        address = callers.address(settings)
        noted.client = callers.identified(settings.api_tokens, throttle, address)
        client = catalogue.client(noted.client)
        clients.check_network(client, address)
        body = _body(settings.max_body_bytes)
        wanted = payloads.read(body, catalogue.variables, settings.default_region)
        chosen = catalogue.choose(template, client, wanted)
        noted.template = chosen.name if chosen else "-"
        noted.recipients = catalogue.recipients(chosen, wanted)
        clients.check(client, chosen.name if chosen else None, wanted, noted.recipients)
        sender = clients.sender(
            client, wanted.sender, settings.signal_number, settings.preview
        )
        content = catalogue.render(chosen, wanted)
        message = Message(sender, content, wanted.options.values)
        is_code = wanted.code is not None
        outcomes = _delivered(signal, throttle, message, client, is_code)
        return answers.delivered(noted.recipients, outcomes)

    return gateway


def _delivered(
    signal: Signal, throttle: Throttle, message: Message, client: Client, is_code: bool
) -> list[Outcome]:
    """The outcome for each recipient of the journal, within the client's limits."""
    noted = journal()
    throttle.message(client)
    refused = throttle.admit(client, noted.recipients, is_code)
    admitted = [name for name in noted.recipients if name not in refused]
    started = monotonic()
    noted.state = State.UNKNOWN.value  # should a bug keep us from learning it
    sent = dict(zip(admitted, signal.deliver(message, admitted) if admitted else []))
    noted.signal_seconds = monotonic() - started
    throttle.give_back(client, sent, is_code, noted.signal_seconds)
    by_name = {**refused, **sent}
    outcomes = [by_name[name] for name in noted.recipients]
    for outcome in outcomes:
        metrics.MESSAGES.labels(
            noted.client, noted.template, outcome.backend, outcome.code or "sent"
        ).inc()
    noted.outcome, noted.state = "sent", state(outcomes)
    noted.detail = "; ".join({o.detail: None for o in outcomes if o.detail})
    noted.urgent = any(outcome.urgent for outcome in outcomes)
    return outcomes


def _body(limit: int) -> bytes:
    """The whole body or an error: gunicorn hands over what came, even of one that was cut off."""
    length = request.content_length
    if length is None:  # chunked: one byte more, so that a body over the limit shows
        request.max_content_length = limit + 1
    elif length > limit:
        raise RequestEntityTooLarge
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
    if len(body) < (length or 0):
        raise GatewayError("bad_request", hint="it broke off on its way")
    return body
