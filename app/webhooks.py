"""The blueprint: a request's whole way, from the token to what became of the message."""

from collections.abc import Sequence
from time import monotonic

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import access, answers, metrics, payloads
from app.errors import GatewayError
from app.limits import CODES_TO_RECIPIENT, Limits
from app.logs import journal
from app.settings import ApiToken, Settings
from app.signal.delivery import Signal
from app.signal.outcome import Message, Outcome, State, state
from app.templates import Catalogue


def blueprint(
    settings: Settings, catalogue: Catalogue, limits: Limits, signal: Signal
) -> Blueprint:
    """The routes that send. The parts are built by the caller and shared by all requests."""
    gateway = Blueprint("gateway", __name__)
    preview = settings.preview

    @gateway.post("/v2/send", defaults={"template": None})
    @gateway.post("/v2/send/<template>")
    def send(template: str | None) -> Response:
        entry = journal()
        deadline = entry.started + settings.signal_timeout
        address = caller(settings, preview)
        entry.client = identified(settings.api_tokens, limits, address)
        client = catalogue.client(entry.client)
        client.check_network(address)
        body = _body(settings.max_body_bytes)
        wanted = payloads.read(body, catalogue.variables, settings.default_region)
        chosen = catalogue.choose(template, client, wanted)
        name = chosen.name if chosen else None
        entry.template = name or "-"
        entry.recipients = catalogue.recipients(chosen, wanted)
        client.check(name, wanted, entry.recipients)
        number = settings.signal_number
        if preview and not number:
            number = wanted.sender or "the default number"
        sender = client.sender(wanted.sender, number)
        content = catalogue.render(chosen, wanted)
        message = Message(sender, content, wanted.options.values)
        count = len(entry.recipients)
        limits.messages(client.name, client.limits.get("client"), count)
        usual = CODES_TO_RECIPIENT if wanted.code else None
        limit = client.limits.get("recipient", usual)
        refused = limits.admit(client.name, limit, entry.recipients)
        outcomes = _deliver(signal, message, entry.recipients, refused, deadline)
        return answers.delivered(entry.recipients, outcomes)

    return gateway


def caller(settings: Settings, local: bool) -> str:
    """The caller's address; raises ``forbidden`` where only this machine is served."""
    forwarded = request.headers.get("X-Forwarded-For")
    trusted = settings.trusted_proxies
    address = access.caller_address(request.remote_addr, forwarded, trusted)
    if local:
        access.check_local(address)
    return address


def identified(tokens: Sequence[ApiToken], limits: Limits, address: str) -> str:
    """The client's name. A right token is always let in; wrong ones are slowed by address."""
    try:
        return access.identify(request.headers.get("Authorization"), tokens)
    except GatewayError as error:
        limits.wrong_token(access.caller_group(address), error.detail)
        raise


def _deliver(
    signal: Signal,
    message: Message,
    recipients: Sequence[str],
    refused: dict[str, Outcome],
    deadline: float,
) -> list[Outcome]:
    """The outcome for each recipient, also in the journal and the metrics."""
    entry = journal()
    started = monotonic()
    entry.state = State.UNKNOWN.value  # should a bug keep us from learning it
    admitted = [name for name in recipients if name not in refused]
    sent = dict(zip(admitted, signal.deliver(message, admitted, deadline)))
    entry.signal_seconds = monotonic() - started
    outcomes = [{**refused, **sent}[name] for name in recipients]
    for outcome in outcomes:
        labels = (entry.client, entry.template, outcome.backend)
        metrics.MESSAGES.labels(*labels, outcome.code or "sent").inc()
    entry.outcome, entry.state = "sent", state(outcomes)
    entry.detail = "; ".join({o.detail: None for o in outcomes if o.detail})
    entry.urgent = any(outcome.urgent for outcome in outcomes)
    return outcomes


def _body(limit: int) -> bytes:
    """The whole body, or an error: gunicorn hands over even one that was cut off."""
    length = request.content_length
    if length is None:  # chunked: one byte more, so that a body over the limit shows
        request.max_content_length = limit + 1
    elif length > limit:
        raise RequestEntityTooLarge
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:  # whatever the server raises for broken framing
        raise GatewayError("bad_request", hint="it broke off on its way") from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    if len(body) < (length or 0):
        raise GatewayError("bad_request", hint="it broke off on its way")
    return body
