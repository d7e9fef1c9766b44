"""Whether everything is in place for the first message, and if not, what to do."""

from collections.abc import Iterator
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
from app.templates import ALERTS, Catalogue, Template

ASKED_SECONDS = (
    10.0  # for each question to a Signal server, which may start a Java for it
)
TEST_MESSAGE = "This is a test message of the gateway. It arrived, so all is well."
# What a field of this name holds, or one whose name ends so: {token}, {user.email}.
SAMPLES = {
    "token": "123456",
    "severity": "notice",
    "body": "Somebody signed in from a new place.",
    "action": "login",
    **dict.fromkeys(("email", "user_email", "event_user_email"), "anna@example.com"),
    **dict.fromkeys(("username", "user_username", "event_user_username"), "anna"),
}
_ADDRESS = (
    "Start it, or correct SIGNAL_API_URL: the address of signal-cli-rest-api, like http://signal:8080,"
    "\nor of a signal-cli daemon with /api/v1/rpc at its end."
)
_SENDER = "Set SIGNAL_NUMBER to the number that sends, with its country code."
_REGISTER = "Link or register this number on Signal's server, or correct SIGNAL_NUMBER."
_RECIPIENTS = "Set ADMIN_RECIPIENTS, or write 'recipients' there: an alert that names nobody is refused."


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
    if (
        alerts
        and not alerts.has_recipients
        and _is_used(settings, catalogue, alerts.name)
    ):
        what = f"Template {alerts.name}: no recipients."
        yield Finding(Mark.WARNING, what, _RECIPIENTS)
    if not settings.preview and not senders(settings, catalogue):
        yield Finding(Mark.FAILED, "Sender: none.", _SENDER)


def online(
    settings: Settings, catalogue: Catalogue, limits: Limits
) -> Iterator[Finding]:
    """What Signal's servers and the storage of the limits say."""
    if settings.preview:
        yield from _preview(settings)
    for name, server in signal.servers(settings):
        yield from _server(name, server, senders(settings, catalogue))
    uri = settings.rate_limit_storage_uri
    if uri.startswith("memory"):
        yield Finding(Mark.OK, "Limits: counted in memory.")
    elif limits.is_down:
        what = f"Limits: {signal.name_of(uri)} does not answer, so nothing is limited."
        more = "Start it, or correct address and password in RATE_LIMIT_STORAGE_URI."
        yield Finding(Mark.FAILED, what, more)
    else:
        yield Finding(Mark.OK, f"Limits: counted in {signal.name_of(uri)}.")


def send_test(
    settings: Settings, catalogue: Catalogue, delivery: Signal, recipient: str
) -> Finding:
    """Send one, as real as any, and say what became of it."""
    what = f"Test message to {masked(recipient)}"
    numbers = senders(settings, catalogue)
    if not numbers and not settings.preview:
        return Finding(Mark.FAILED, f"{what}: not sent (no_sender).", _SENDER)
    sender = numbers[0] if numbers else "the default number"
    message = Message(sender, plain(TEST_MESSAGE))
    deadline = monotonic() + settings.signal_timeout
    outcome = delivery.deliver(message, [recipient], deadline)[0]
    if outcome.state is State.SENT:
        did = "shown above" if settings.preview else "accepted by Signal"
        return Finding(Mark.OK, f"{what}: {did}.")
    names = {"value": masked(recipient), "hint": outcome.detail}
    error = GatewayError(outcome.code or "internal", "", outcome.retry_after, **names)
    more = f"{error.sentence(catalogue.sentences)}\nIn detail: {outcome.detail}."
    is_unknown = outcome.state is State.UNKNOWN
    state = "nobody knows whether it was sent" if is_unknown else "not sent"
    return Finding(Mark.FAILED, f"{what}: {state} ({error.code}).", more)


def senders(settings: Settings, catalogue: Catalogue) -> list[str]:
    """All numbers that may send, the default first."""
    default = [settings.signal_number] if settings.signal_number else []
    names = [token.client for token in settings.api_tokens]
    own = [number for name in names for number in catalogue.client(name).numbers]
    return list(dict.fromkeys([*default, *own]))


def _is_used(settings: Settings, catalogue: Catalogue, template: str) -> bool:
    """Whether any client may use the template."""
    rules = [catalogue.client(token.client).templates for token in settings.api_tokens]
    return any(rule is None or template in rule for rule in rules)


def _template(catalogue: Catalogue, template: Template) -> Finding:
    values = {field.name: _sample(field, template) for field in template.fields}
    filled = replace(template, defaults=values)
    try:
        text, _ = catalogue.render(filled, payloads.read({}, {}, None))
    except GatewayError:  # no_message, as no field is missing
        what = f"Template {template.name}: nothing is to be seen of it."
        return Finding(Mark.FAILED, what, "Write a text there, or set its variables.")
    others = [f"locale {key}" for key in template.locales]
    others += [f"variant {key}" for key in template.variants]
    also = f" (also {', '.join(others)})" if others else ""
    what = f"Template {template.name}{also}, with samples:"
    return Finding(Mark.OK, what, shown(text))


def _sample(field: Field, template: Template) -> str:
    default = template.defaults.get(field.name)
    return SAMPLES.get(field.steps[-1]) or default or f"‹{field.name}›"


def _preview(settings: Settings) -> Iterator[Finding]:
    yield Finding(
        Mark.SKIPPED,
        "Signal's server: none, so messages are shown on the terminal and not sent.",
        "To send them, set SIGNAL_API_URL, like http://signal:8080.",
    )
    if not settings.signal_number:
        yield Finding(Mark.SKIPPED, "Sender: none.", _SENDER)
    if settings.preview_token:
        more = "Set API_TOKENS. 'flask --app wsgi token authentik' makes one."
        yield Finding(Mark.SKIPPED, "Tokens: one is made for each run.", more)


def _server(name: str, server: Server, numbers: list[str]) -> Iterator[Finding]:
    try:
        about = server.about(monotonic() + ASKED_SECONDS)
    except Unusable as error:
        yield Finding(Mark.FAILED, f"Signal's server {name}: {error}.", _ADDRESS)
        return
    yield Finding(Mark.OK, f"Signal's server {name}: {about}.")
    try:
        accounts = server.accounts(monotonic() + ASKED_SECONDS)
    except Unusable as error:
        more = "See the log of Signal's server."
        yield Finding(Mark.FAILED, f"Sender: {error}.", more)
        return
    for sender in numbers:
        who = f"Sender {masked(sender)}"
        if accounts is None:
            what = f"{who}: a daemon of one account does not say which it is."
            yield Finding(Mark.SKIPPED, what)
        elif sender in accounts:
            yield Finding(Mark.OK, f"{who}: registered there.")
        else:
            yield Finding(Mark.FAILED, f"{who}: not registered there.", _REGISTER)
