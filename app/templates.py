"""Which template a request gets, and the template's texts with the request's fields in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import limits

from app.access import BESIDE_A_TEMPLATE, Client
from app.errors import GatewayError, bad_request
from app.fields import Fields, Part, clean, compile_format, fill, is_blank
from app.payloads import ALERTS, CODES, RECIPIENT_KEYS, Reading, SendRequest
from app.recipients import Recipients, recipients_of
from app.styling import TEMPLATE, Style, Styled, parse, parse_message, plain, styled

# A message as it was compiled: styles, literal texts and fields.
Compiled = tuple[Style | Part, ...]

# What the two of them need from a payload; without it nothing else of the payload is sent.
NEEDED = {CODES: "token", ALERTS: "body"}
# A login page that is loaded again makes a new code and voids the old one: nobody must be
# locked out by that.
CODE_LIMIT = limits.parse("10 per 5 minutes")


@dataclass(frozen=True)
class Template:
    """One entry of ``templates``. ``locales`` are keyed in lower case, ``variants`` by severity.

    ``recipients`` are those that stand in the configuration, ``addresses`` texts over the
    payload's fields that give one recipient each; with a variable that is empty it has neither.
    ``answer`` is the status for success.
    """

    name: str
    message: Compiled
    locales: Mapping[str, Compiled] = field(default_factory=dict)
    variants: Mapping[str, Compiled] = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[tuple[Part, ...], ...] = ()
    has_recipients: bool = False
    limit: limits.RateLimitItem | None = None
    answer: int = 201

    def text_for(self, fields: Fields) -> Compiled:
        """The variant for the ``severity``, else the text in the ``locale``, else the main text.

        ``de-AT`` falls back to ``de``.
        """
        severity, locale = (
            value if isinstance(value, str) else ""
            for value in (fields.get("severity"), fields.get("locale"))
        )
        if severity in self.variants:
            return self.variants[severity]
        language = locale[:35].replace("_", "-").lower()  # RFC 5646 needs no more
        while language and language not in self.locales:
            language = language.rpartition("-")[0]
        return self.locales.get(language, self.message)

    def recipients_for(self, request: SendRequest, region: str | None) -> Recipients:
        """Its own, if it has some; for notifications those of the request go before.

        Raises ``no_recipient`` and ``invalid_recipient``.
        """
        found = request.recipients
        is_asked = self.name == ALERTS and (found.shown or found.errors)
        if self.has_recipients and not is_asked:
            try:
                texts = ["".join(fill(a, request.fields, {})) for a in self.addresses]
            except GatewayError as error:
                detail = f"the request has no '{error.names['field']}'"
                raise GatewayError("no_recipient", detail) from error
            found = recipients_of(texts, self.recipients, region)
            others = [key for key in RECIPIENT_KEYS if request.fields.get(key)]
            if others and not self.addresses:
                note = f"the template's recipients count, not '{others[0]}'"
                found = replace(found, note=note)
        if not found.shown:
            raise next(iter(found.errors.values()), GatewayError("no_recipient"))
        return found

    def render(self, request: SendRequest, as_styled: bool = False) -> Styled:
        """The message. ``as_styled`` is how an own text is read that does not say.

        Raises ``missing_field``, and ``no_message`` if nothing is left to be seen.
        """
        if self is OWN:
            message = _own_text(request, as_styled)
        else:
            text = self.text_for(request.fields)
            message = styled(fill(text, request.fields, self.defaults))
        if is_blank(message.text) and not request.options.has_content:
            raise GatewayError("no_message")
        request.options.check(message.text)
        return message


OWN = Template("", ())  # stands for a text of the caller's own


@dataclass(frozen=True)
class Catalogue:
    """All of ``templates.yaml``, checked. ``sentences`` replace those of `app.errors`."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    clients: Mapping[str, Client] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        return self.clients.get(name) or Client(name)

    def named(self, path: str | None, client: Client) -> Template | None:
        """The template of the path, else the client's only one; raises ``not_found``."""
        only = client.templates or ()
        name = path or (only[0] if len(only) == 1 else "")
        if name and name not in self.templates:
            detail = "templates.yaml has no template of this name"
            raise GatewayError("not_found", detail)
        return self.templates.get(name)

    def choose(self, named: Template | None, request: SendRequest) -> Template:
        """The named template, else the one for the payload's shape, else `OWN`.

        Raises ``missing_field`` where a payload of another shape would have to be a code or a
        notification.
        """
        if named is None:
            return self.templates.get(request.shape, OWN)
        if named.name in NEEDED and named.name != request.shape:
            raise GatewayError("missing_field", field=NEEDED[named.name])
        return named


def _own_text(request: SendRequest, as_styled: bool) -> Styled:
    text = request.message
    if not isinstance(text, str):
        raise bad_request("its message is no text")
    if "mentions" not in request.options.values:  # they count its characters
        text = clean(text, keep_lines=True)
    asked = request.options.styled
    is_styled = as_styled if asked is None else asked
    return parse_message(text) if is_styled else plain(text)


def reading(named: Template | None, client: Client) -> Reading:
    """Which keys of a payload have a meaning for the template that path or client name."""
    if named is None or named.name in NEEDED:
        return Reading()
    options = () if client.may_pass_through else BESIDE_A_TEMPLATE
    return Reading(True, not named.has_recipients, options)


def compile_message(
    source: str, environment: Callable[[str], str]
) -> tuple[Compiled, list[tuple[int, str]]]:
    """``source`` with its markup and fields taken apart, and what is wrong with it by offset.

    ``environment`` gives the value of a ``${NAME}``, which can be neither markup nor a field.
    """
    pieces, unpaired = parse(source, TEMPLATE)
    advice = "has no partner. For the character itself write"
    problems = [(at, f"'{mark}' {advice} '\\{mark[0]}'.") for mark, at in unpaired]
    compiled: list[Style | Part] = []
    for piece, offset in pieces:
        try:
            if isinstance(piece, Style):
                compiled.append(piece)
            elif piece.startswith("${"):
                compiled.append(environment(piece))
            else:
                compiled += compile_format(piece)
        except ValueError as error:
            problems.append((offset, f"{error}."))
    return tuple(compiled), problems
