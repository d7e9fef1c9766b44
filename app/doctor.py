"""Whether everything is in place for the first message, and if not, what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from time import monotonic

from app import payloads, signal
from app.errors import GatewayError
from app.fields import Field
from app.limits import Limits
from app.phone import masked
from app.settings import Settings
from app.signal import Server
from app.signal.delivery import Signal
from app.signal.outcome import Message, State
from app.signal.preview import shown
from app.signal.transport import Unusable
from app.styling import plain
from app.templates import ALERTS, NEEDED, Catalogue, Template

ASKED_SECONDS = (
    10.0  # for each question to a Signal server, which may start a Java for it
)
TEST_MESSAGE = "This is a test message of the gateway. It arrived, so all is well."
SAMPLES = {
    "token": "123456",
    "severity": "notice",
    "body": "Somebody signed in from a new place.",
    **dict.fromkeys(("user_email", "event_user_email"), "anna@example.com"),
    **dict.fromkeys(("user_username", "event_user_username"), "anna"),
    "action": "login",
    "client_ip": "192.0.2.1",
}
ADDRESS = (
    "Start it, or correct SIGNAL_API_URL: the address of signal-cli-rest-api, like http://signal:8080,"
    "\nor of a signal-cli daemon with /api/v1/rpc at its end."
)
SENDER = "Set SIGNAL_NUMBER to the number that sends, with its country code."
REGISTER = (
    "If Signal was out of reach when this server started, restart it. If the number was never\n"
    "linked, run 'flask --app wsgi link', or correct SIGNAL_NUMBER."
)
RECIPIENTS = "Set ADMIN_RECIPIENTS, or write 'recipients' there: an alert that names nobody is refused."


class Mark(Enum):
    """How grave a finding is. The value is its sign."""

    OK = "✓"
    WARNING = "!"
    FAILED = "✗"
    SKIPPED = "–"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``more`` are lines below it: what to do, or a message."""

    mark: Mark
    text: str
    more: str = ""


def offline(settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    """What can be said without asking anybody. The configuration was read, so it is in order."""
    names = ", ".join(catalogue.templates) or "no templates"
    file = settings.templates_file
    yield Finding(Mark.OK, f"The configuration is in order. {file}: {names}.")
    for template in catalogue.templates.values():
        yield _template(catalogue, template)
    alerts = catalogue.templates.get(ALERTS)
    if alerts and not (alerts.recipients or alerts.addresses):
        yield Finding(Mark.WARNING, f"Template {ALERTS}: no recipients.", RECIPIENTS)
    if not settings.preview and not senders(settings, catalogue):
        yield Finding(Mark.FAILED, "Sender: none.", SENDER)


def online(
    settings: Settings, catalogue: Catalogue, limits: Limits
) -> Iterator[Finding]:
    """What Signal's servers and the storage of the limits say."""
    if settings.preview:
        what = "Signal's server: none, so messages are shown here and not sent."
        more = "To send them, set SIGNAL_API_URL, like http://signal:8080."
        yield Finding(Mark.SKIPPED, what, more)
    for name, server in signal.servers(settings):
        yield Finding(Mark.SKIPPED, f"Asking Signal's server {name} …")
        yield from _server(name, server, senders(settings, catalogue))
    uri = settings.rate_limit_storage_uri
    place = "memory" if uri.startswith("memory") else signal.name_of(uri)
    if limits.is_down:
        what = f"Limits: {place} does not answer, so nothing is limited."
        more = "Start it, or correct address and password in RATE_LIMIT_STORAGE_URI."
        yield Finding(Mark.FAILED, what, more)
    else:
        yield Finding(Mark.OK, f"Limits: counted in {place}.")


def send_test(
    settings: Settings, catalogue: Catalogue, delivery: Signal, recipient: str
) -> Finding:
    """Send one, as real as any, and say what became of it."""
    what = f"Test message to {masked(recipient)}"
    preview = ["the default number"] if settings.preview else []
    numbers = senders(settings, catalogue) + preview
    if not numbers:
        return Finding(Mark.FAILED, f"{what}: not sent (no_sender).", SENDER)
    message = Message(numbers[0], plain(TEST_MESSAGE))
    deadline = monotonic() + settings.signal_timeout
    outcome = delivery.deliver(message, [recipient], deadline)[0]
    if outcome.state is State.SENT:
        did = "shown above" if settings.preview else "accepted by Signal"
        return Finding(Mark.OK, f"{what}: {did}.")
    is_unknown = outcome.state is State.UNKNOWN
    state = "nobody knows whether it was sent" if is_unknown else "not sent"
    more = f"{outcome.detail[:1].upper()}{outcome.detail[1:]}."
    return Finding(Mark.FAILED, f"{what}: {state} ({outcome.code}).", more)


def next_step(findings: Sequence[Finding], sent: bool) -> str:
    """The one thing to do next: what the gravest finding asks for."""
    for mark in (Mark.FAILED, Mark.SKIPPED, Mark.WARNING):
        for finding in findings:
            if finding.mark is mark and finding.more:
                return finding.more.replace("\n", " ")
    if sent:
        return "Set up authentik: see docs/authentik.md."
    return "Send yourself a message: flask --app wsgi check --send +4915112345678"


def senders(settings: Settings, catalogue: Catalogue) -> list[str]:
    """All numbers that may send, the default first."""
    default = [settings.signal_number] if settings.signal_number else []
    names = [token.client for token in settings.api_tokens]
    own = [number for name in names for number in catalogue.client(name).numbers]
    return list(dict.fromkeys([*default, *own]))


def _template(catalogue: Catalogue, template: Template) -> Finding:
    names = [part.name for part in template.message if isinstance(part, Field)]
    known = {**SAMPLES, **template.defaults, **catalogue.variables}
    odd = [name for name in names if name not in known and template.name in NEEDED]
    if odd:
        what = f"Template {template.name}: authentik does not send '{odd[0]}'."
        more = "Correct its spelling, or let a mapping add it to the request."
        return Finding(Mark.WARNING, what, more)
    samples = {name: known.get(name, f"‹{name}›") for name in names}
    try:
        filled = replace(template, defaults=samples)
        text = filled.render(payloads.read({}, {}, None))
    except GatewayError:  # no_message, as no field is missing
        what = f"Template {template.name}: nothing is to be seen of it."
        return Finding(Mark.FAILED, what, "Write a text there, or set its variables.")
    others = [*template.locales, *template.variants]
    also = f" (also {', '.join(others)})" if others else ""
    what = f"Template {template.name}{also}, with samples:"
    return Finding(Mark.OK, what, shown(text))


def _server(name: str, server: Server, numbers: list[str]) -> Iterator[Finding]:
    try:
        about = server.about(monotonic() + ASKED_SECONDS)
    except Unusable as error:
        yield Finding(Mark.FAILED, f"Signal's server {name}: {error}.", ADDRESS)
        return
    yield Finding(Mark.OK, f"Signal's server {name}: {about}.")
    try:
        accounts = server.accounts(monotonic() + ASKED_SECONDS)
    except Unusable as error:
        more = "See the log of Signal's server."
        yield Finding(Mark.FAILED, f"Sender: {error}.", more)
        return
    for number in numbers:
        who = f"Sender {masked(number)}"
        if accounts is None:
            what = f"{who}: a daemon of one account does not say which it is."
            yield Finding(Mark.SKIPPED, what)
        elif number in accounts:
            yield Finding(Mark.OK, f"{who}: registered there.")
        else:
            yield Finding(Mark.FAILED, f"{who}: not registered there.", REGISTER)
