"""Whether everything is in place for the first message, and if not, what to do."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

from app import errors, fields, payloads, phone, signal, styling
from app.limits import Limits
from app.settings import Settings
from app.signal.delivery import Signal
from app.signal.outcome import Message, State
from app.signal.preview import shown
from app.signal.transport import Unusable
from app.templates import NEEDED, Catalogue, Template

OK, WARNING, FAILED, SKIPPED = "✓", "!", "✗", "–"
# A mark and a text: what was found, and from its second line on what to do, or a message.
Findings = Iterator[tuple[str, str]]
ASKED_SECONDS = 10  # for a question: Signal's server may start a Java for it
TEST = "This is a test message of the gateway. It arrived, so all is well."
SAMPLES = {"token": "123456", "severity": "notice", "body": "Somebody signed in."}
AWAY = (
    "Start it, see its log, or correct SIGNAL_API_URL: a daemon's ends in /api/v1/rpc."
)
ABSENT = (
    "If Signal was out of reach when this server started, restart it. If the number was never"
    " linked, run 'flask --app wsgi link', or correct SIGNAL_NUMBER."
)


def offline(settings: Settings, catalogue: Catalogue) -> Findings:
    """What can be said without asking anybody. The configuration was read, so it is in order."""
    yield OK, f"The configuration and {settings.templates_file} are in order."
    for template in catalogue.templates.values():
        yield _template(catalogue, template)
    alerts = catalogue.templates.get(payloads.ALERTS)
    if alerts and not (alerts.recipients or alerts.addresses):
        more = "Set ADMIN_RECIPIENTS, or alerts that name nobody are refused."
        yield WARNING, f"Template {payloads.ALERTS}: no recipients.\n{more}"
    if not senders(settings, catalogue):
        yield FAILED, "Sender: none.\nSet SIGNAL_NUMBER, like +4915100000001."


def _template(catalogue: Catalogue, template: Template) -> tuple[str, str]:
    what = f"Template {template.name}"
    names = [part.name for part in template.message if isinstance(part, fields.Field)]
    known = {**SAMPLES, **template.defaults, **catalogue.variables}
    odd = [name for name in names if name not in payloads.BESIDE_ALERT | known.keys()]
    if odd and template.name in NEEDED:
        more = "Correct its spelling, or let a mapping add it to the request."
        return WARNING, f"{what}: authentik does not send '{odd[0]}'.\n{more}"
    samples = {name: known.get(name, f"‹{name}›") for name in names}
    try:
        filled = replace(template, defaults=samples)
        text = filled.render(payloads.read({}, {}, None))
    except errors.GatewayError:  # no_message, as no field is missing
        more = "Write a text there, or set its variables."
        return FAILED, f"{what}: it is empty.\n{more}"
    return OK, f"{what}, with samples:\n{shown(text)}"


def online(settings: Settings, catalogue: Catalogue, limits: Limits) -> Findings:
    """What Signal's servers and the storage of the limits say."""
    if settings.preview:
        yield SKIPPED, (
            "Signal's server: none, so messages are shown here and not sent.\n"
            "To send them, set SIGNAL_API_URL, like http://signal:8080."
        )
    yield from _servers(settings, senders(settings, catalogue))
    place = signal.name_of(settings.rate_limit_storage_uri) or "memory"
    if limits.is_down:
        yield FAILED, (
            f"Limits: {place} does not answer, so nothing is limited.\n"
            "Start it, or correct address and password in RATE_LIMIT_STORAGE_URI."
        )
    else:
        yield OK, f"Limits: counted in {place}."


def _servers(settings: Settings, numbers: list[str]) -> Findings:
    for name, server in signal.servers(settings):
        what = f"Signal's server {name}"
        yield SKIPPED, f"Asking {what} …"
        try:
            yield OK, f"{what}: {server.about(monotonic() + ASKED_SECONDS)}."
            accounts = server.accounts(monotonic() + ASKED_SECONDS)
        except Unusable as error:
            yield FAILED, f"{what}: {error}.\n{AWAY}"
            continue
        for number in numbers:
            who = f"Sender {phone.masked(number)}"
            if accounts is None:
                yield SKIPPED, f"{who}: a daemon of one account does not say which it is."
            elif number in accounts:
                yield OK, f"{who}: registered there."
            else:
                yield FAILED, f"{who}: not registered there.\n{ABSENT}"


def send_test(
    settings: Settings, catalogue: Catalogue, delivery: Signal, recipient: str
) -> Findings:
    """Send one, as real as any, and say what became of it; nothing where no number can send."""
    numbers = senders(settings, catalogue)
    if not numbers:
        return
    message = Message(numbers[0], styling.plain(TEST))
    deadline = monotonic() + settings.signal_timeout
    outcome = delivery.deliver(message, [recipient], deadline)[recipient]
    what = f"Test message to {phone.masked(recipient)}"
    if outcome.state is State.SENT:
        did = "shown above" if settings.preview else "accepted by Signal"
        yield OK, f"{what}: {did}."
    else:
        more = f"See docs/troubleshooting.md: {outcome.detail}."
        yield FAILED, f"{what}: {outcome.state.value} ({outcome.code}).\n{more}"


def senders(settings: Settings, catalogue: Catalogue) -> list[str]:
    """All numbers that may send, the default first; a preview needs none."""
    default = "the default number" if settings.preview else None
    clients = [catalogue.client(token.client) for token in settings.api_tokens]
    own = [number for client in clients for number in client.numbers]
    numbers = [settings.signal_number or default, *own]
    return list(dict.fromkeys(number for number in numbers if number))
