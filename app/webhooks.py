"""The blueprint: a request's whole way, from the token to what became of the message."""

from collections.abc import Mapping, Sequence
from time import monotonic

from flask import Blueprint, Response, request

from app import access, exchange, metrics, payloads, templates
from app.errors import GatewayError
from app.limits import WRONG_TOKENS, Limits
from app.logs import journal
from app.settings import ApiToken, Settings
from app.signal.delivery import Signal
from app.signal.outcome import Message, Outcome
from app.templates import Catalogue


def blueprint(
    settings: Settings, catalogue: Catalogue, limits: Limits, signal: Signal
) -> Blueprint:
    """The routes that send. The parts are built by the caller and shared by all requests."""
    gateway = Blueprint("gateway", __name__)
    bodies = exchange.Bodies()
    gateway.teardown_request(bodies.release)
    region, preview = settings.default_region, settings.preview

    @gateway.post("/v2/send", defaults={"template": None})
    @gateway.post("/v2/send/<template>")
    def send(template: str | None) -> Response:
        entry = journal()
        deadline = entry.started + settings.signal_timeout
        address = identify(settings, settings.api_tokens, limits)
        client = catalogue.client(entry.client)
        client.check_network(address)
        payload = bodies.read(settings.max_body_bytes, client.attachments)
        named = catalogue.named(template, client)
        keys = templates.reading(named, client)
        wanted = payloads.read(payload, catalogue.variables, region, keys)
        chosen = catalogue.choose(named, wanted)
        entry.template = chosen.name or "-"
        recipients = chosen.recipients_for(wanted, region)
        entry.recipients, entry.detail = tuple(recipients.shown), recipients.note
        client.check(chosen.name, wanted, entry.recipients)
        shown = (wanted.sender or "the default number") if preview else None
        sender = client.sender(wanted.sender, settings.signal_number or shown)
        content = chosen.render(wanted, client.styled)
        message = Message(sender, content, wanted.options.values)
        access.check_text(message, request.headers["Authorization"])
        number = len(entry.recipients)
        limits.count("client", client.limits.get("client"), client.name, number)
        rules = {chosen.name: chosen.limit, "": client.limits.get("recipient")}
        refused = limits.admit(client.name, rules, entry.recipients)
        outcomes = _deliver(signal, message, entry.recipients, refused, deadline)
        return exchange.delivered(recipients, outcomes, chosen.answer)

    return gateway


def identify(settings: Settings, tokens: Sequence[ApiToken], limits: Limits) -> str:
    """The caller's address, with the client's name in the journal.

    A right token is always let in; wrong ones are slowed by address. A preview serves only its
    own machine.
    """
    forwarded = request.headers.get("X-Forwarded-For")
    trusted = settings.trusted_proxies
    address = access.caller_address(request.remote_addr, forwarded, trusted)
    if not settings.signal_api_url:  # a preview
        access.check_local(address)
    try:
        journal().client = access.identify(request.headers.get("Authorization"), tokens)
    except GatewayError as error:
        group = access.caller_group(address)
        limits.count("token", WRONG_TOKENS, group, why=error.detail)
        raise
    return address


def _deliver(
    signal: Signal,
    message: Message,
    recipients: Sequence[str],
    refused: Mapping[str, Outcome],
    deadline: float,
) -> dict[str, Outcome]:
    """The outcome for each recipient, also in the journal and the metrics."""
    entry = journal()
    started = monotonic()
    admitted = [to for to in recipients if to not in refused]
    known = {**refused, **signal.deliver(message, admitted, deadline)}
    entry.signal_seconds = monotonic() - started
    outcomes = {to: known[to] for to in recipients}
    for outcome in outcomes.values():
        labels = (entry.client, entry.template, outcome.backend)
        metrics.MESSAGES.labels(*labels, outcome.code or "sent").inc()
    entry.outcome = "sent"
    details = [entry.detail, *(outcome.detail for outcome in outcomes.values())]
    entry.detail = "; ".join(dict.fromkeys(filter(None, details)))
    entry.urgent = any(outcome.urgent for outcome in outcomes.values())
    return outcomes
