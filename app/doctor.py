"""Whether all is in place for the first message, and if it is not, what to do."""

from collections.abc import Iterator
from time import monotonic, time

from app import rendering, signal
from app.errors import GatewayError
from app.finding import Finding, Mark
from app.phone import masked
from app.settings import Settings
from app.signal import Server, Signal
from app.signal.about import About, Unusable
from app.signal.outcome import Message, Outcome, State
from app.signal.preview import shown
from app.styling import plain
from app.templates import NOTIFICATION_TEMPLATE, Catalogue, Template
from app.throttle import Throttle

ASKED_SECONDS = (
    10.0  # for each question to Signal's server, which may start a Java for it
)
LARGEST_DIFFERENCE = 60  # seconds between two clocks
TEST_MESSAGE = "This is a test message of the gateway. It arrived, so all is well."
_ADDRESS = (
    "Start it, or correct SIGNAL_API_URL: the address of signal-cli-rest-api, like http://signal:8080,"
    "\nor of a signal-cli daemon with /api/v1/rpc at its end."
)
_SENDER = "Set SIGNAL_NUMBER to the number that sends, with its country code."
_REGISTER = "Link or register this number on Signal's server, or correct SIGNAL_NUMBER."
_RECIPIENTS = "Set ADMIN_RECIPIENTS, or write 'recipients' there: an alert that names nobody is refused."


def offline(settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    """What can be said without asking anybody. The configuration is read, so it is in order."""
    names = ", ".join(catalogue.templates) or "no templates"
    file = settings.templates_file
    yield Finding(Mark.OK, f"The configuration is in order. {file}: {names}.")
    for template in catalogue.templates.values():
        yield _template(catalogue, template)
        if not template.recipients and _is_for_alerts(settings, catalogue, template):
            what = f"Template {template.name}: no recipients."
            yield Finding(Mark.WARNING, what, _RECIPIENTS)
    if not settings.preview and not senders(settings, catalogue):
        yield Finding(Mark.FAILED, "Sender: none.", _SENDER)


def online(
    settings: Settings, catalogue: Catalogue, throttle: Throttle, is_alone: bool
) -> Iterator[Finding]:
    """What Signal's servers and the storage of the limits say; ``is_alone`` if there is one worker."""
    if settings.preview:
        yield from _preview(settings)
    else:
        numbers = senders(settings, catalogue)
        for name, server in signal.servers(settings):
            yield from _server(name, server, numbers)
    yield _limits(settings, throttle, is_alone or settings.preview)


def send_test(
    settings: Settings, catalogue: Catalogue, delivery: Signal, recipient: str
) -> Finding:
    """Send one, as real as any, and say what became of it."""
    what = f"Test message to {masked(recipient)}"
    sender = next(iter(senders(settings, catalogue)), None)
    if sender is None and not settings.preview:
        return Finding(Mark.FAILED, f"{what}: not sent (no_sender).", _SENDER)
    message = Message(sender or "the default number", plain(TEST_MESSAGE))
    outcome = delivery.deliver(message, [recipient])[0]
    if outcome.state is not State.SENT:
        return _not_sent(what, outcome, recipient, catalogue)
    did = "shown above" if settings.preview else "accepted by Signal"
    return Finding(Mark.OK, f"{what}: {did}.")


def senders(settings: Settings, catalogue: Catalogue) -> list[str]:
    """All numbers that may send, the default first."""
    default = [settings.signal_number] if settings.signal_number else []
    names = [token.client for token in settings.api_tokens]
    own = [number for name in names for number in catalogue.client(name).numbers]
    return list(dict.fromkeys([*default, *own]))


def _not_sent(
    what: str, outcome: Outcome, recipient: str, catalogue: Catalogue
) -> Finding:
    error = GatewayError(
        outcome.code or "internal",
        retry_after=outcome.retry_after,
        value=masked(recipient),
        hint=outcome.detail,
    )
    more = f"{error.sentence(catalogue.sentences)}\nIn detail: {outcome.detail}."
    is_unknown = outcome.state is State.UNKNOWN
    state = "nobody knows whether it was sent" if is_unknown else "not sent"
    return Finding(Mark.FAILED, f"{what}: {state} ({error.code}).", more)


def _template(catalogue: Catalogue, template: Template) -> Finding:
    texts = dict(rendering.samples(catalogue, template))
    empty = [name for name, text in texts.items() if text is None]
    if empty:
        what = f"Template {template.name}: nothing is to be seen of {', '.join(empty)}."
        return Finding(Mark.FAILED, what, "Write a text there, or set its variables.")
    others = ", ".join(list(texts)[1:])
    also = f" (also {others})" if others else ""
    what = f"Template {template.name}{also}, with samples:"
    return Finding(Mark.OK, what, shown(texts["message"] or plain(""), in_colour=True))


def _is_for_alerts(
    settings: Settings, catalogue: Catalogue, template: Template
) -> bool:
    """Whether authentik's notifications get it, from a client that may use it."""
    names = [token.client for token in settings.api_tokens]
    allowed = [catalogue.client(name).templates for name in names]
    is_used = any(rule is None or template.name in rule for rule in allowed)
    return template.name == NOTIFICATION_TEMPLATE and is_used


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
    version = about.version or "of unknown version"
    mode = f", mode {about.mode}" if about.mode else ""
    what = f"Signal's server {name}: {about.software} {version}{mode}."
    yield Finding(Mark.OK, what)
    yield from _registered(server, numbers)
    yield _clock(name, about)


def _registered(server: Server, numbers: list[str]) -> Iterator[Finding]:
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


def _clock(name: str, about: About) -> Finding:
    if about.clock is None:
        return Finding(Mark.SKIPPED, f"Clock: {name} does not tell the time.")
    ahead = time() - about.clock
    if abs(ahead) <= LARGEST_DIFFERENCE:
        return Finding(Mark.OK, f"Clock: as that of {name}.")
    minutes, side = round(abs(ahead) / 60), "ahead of" if ahead > 0 else "behind"
    what = f"Clock: {minutes} min {side} that of {name}."
    more = "Set both by NTP: Signal and TLS do not work with a wrong clock."
    return Finding(Mark.FAILED, what, more)


def _limits(settings: Settings, throttle: Throttle, is_alone: bool) -> Finding:
    uri = settings.rate_limit_storage_uri
    if uri.startswith("memory"):
        if is_alone:
            return Finding(Mark.OK, "Limits: counted in memory.")
        more = "Set RATE_LIMIT_STORAGE_URI=redis://… to count them together, or WEB_CONCURRENCY=1."
        return Finding(Mark.WARNING, "Limits: each worker counts for itself.", more)
    name = signal.name_of(uri) or "Redis"
    if throttle.is_down:
        what = f"Limits: {name} does not answer, so nothing is limited."
        more = "Start it, or correct address and password in RATE_LIMIT_STORAGE_URI."
        return Finding(Mark.FAILED, what, more)
    return Finding(Mark.OK, f"Limits: counted in {name}.")
