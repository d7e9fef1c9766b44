"""Which template a request gets, and the template's texts with the request's fields in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from app.access import BESIDE_A_TEMPLATE, Client
from app.errors import GatewayError
from app.fields import (
    Field,
    Fields,
    MissingField,
    Part,
    clean,
    compile_format,
    fill,
    is_blank,
)
from app.payloads import RECIPIENT_KEYS, Reading, SendRequest
from app.recipients import Recipients, recipients_of
from app.styling import Style, Styled, parse_message, parse_template, plain, styled

# A message as it was compiled: styles, and runs of literal texts and fields.
Compiled = tuple[Style | tuple[Part, ...], ...]

LONGEST_LOCALE = 35  # characters, as RFC 5646 advises
CODES = "sms"
ALERTS = "notification"
BY_SHAPE = {"code": CODES, "notification": ALERTS}
# What the two of them need from a payload; without it nothing else of the payload is sent.
NEEDED = {CODES: "token", ALERTS: "body"}
# A login page that is loaded again makes a new code and voids the old one: nobody must be
# locked out by that.
CODE_LIMIT = "10 per 5 minutes"


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
    limit: str | None = None
    answer: int = 201

    @property
    def fields(self) -> list[Field]:
        """The fields of the main text."""
        runs = [piece for piece in self.message if not isinstance(piece, Style)]
        return [part for run in runs for part in run if isinstance(part, Field)]

    def text_for(self, fields: Fields) -> Compiled:
        """The variant for the ``severity``, else the text in the ``locale``, else the main text.

        ``de-AT`` falls back to ``de``.
        """
        known = (fields.get(name) for name in ("severity", "locale"))
        severity, locale = (v if isinstance(v, str) else "" for v in known)
        if severity in self.variants:
            return self.variants[severity]
        language = locale[:LONGEST_LOCALE].replace("_", "-").lower()
        while language and language not in self.locales:
            language = language.rpartition("-")[0]
        return self.locales.get(language, self.message)


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
        if path is not None and path not in self.templates:
            detail = "templates.yaml has no template of this name"
            raise GatewayError("not_found", detail=detail)
        only = client.templates or ()
        name = path or (only[0] if len(only) == 1 else None)
        return self.templates[name] if name else None

    def choose(self, named: Template | None, request: SendRequest) -> Template:
        """The named template, else the one for the payload's shape, else `OWN`.

        Raises ``missing_field`` where a payload of another shape would have to be a code or a
        notification.
        """
        shaped = BY_SHAPE.get(request.shape or "")
        if named is None:
            return self.templates.get(shaped or "", OWN)
        if named.name in NEEDED and named.name != shaped:
            raise GatewayError("missing_field", field=NEEDED[named.name])
        return named

    def recipients(
        self, template: Template, request: SendRequest, region: str | None
    ) -> Recipients:
        """Those of the template; for notifications those of the request go before.

        Raises ``no_recipient`` and ``invalid_recipient``.
        """
        found = request.recipients
        is_asked = template.name == ALERTS and (found.shown or found.errors)
        if template.has_recipients and not is_asked:
            fields = {**request.fields, **self.variables}
            try:
                texts = [fill(text, fields, {}) for text in template.addresses]
            except MissingField as missing:
                detail = f"the request has no '{missing.name}'"
                raise GatewayError("no_recipient", detail) from missing
            found = recipients_of(texts, template.recipients, region)
            others = [key for key in RECIPIENT_KEYS if request.fields.get(key)]
            if others and not template.addresses:
                note = f"the template's recipients count, not '{others[0]}'"
                found = replace(found, note=note)
        if not found.shown:
            raise next(iter(found.errors.values()), GatewayError("no_recipient"))
        return found

    def render(
        self, template: Template, request: SendRequest, as_styled: bool = False
    ) -> Styled:
        """The message. ``as_styled`` is how an own text is read that does not say.

        Raises ``missing_field``, and ``no_message`` if nothing is left to be seen.
        """
        if template is OWN:
            text = request.message
            if "mentions" not in request.options.values:  # they count its characters
                text = clean(text, keep_lines=True)
            asked = request.options.styled
            is_styled = as_styled if asked is None else asked
            message = parse_message(text) if is_styled else plain(text)
        else:
            fields = {**request.fields, **self.variables}
            compiled = template.text_for(request.fields)
            try:
                pieces = [
                    p if isinstance(p, Style) else fill(p, fields, template.defaults)
                    for p in compiled
                ]
            except MissingField as missing:
                raise GatewayError("missing_field", field=missing.name) from missing
            message = styled(pieces)
        if is_blank(message.text) and not request.options.has_content:
            raise GatewayError("no_message")
        request.options.check(message.text)
        return message


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
    pieces, unpaired = parse_template(source)
    advice = "has no partner. For the character itself write"
    problems = [(at, f"'{mark}' {advice} '\\{mark[0]}'.") for mark, at in unpaired]
    compiled: list[Style | tuple[Part, ...]] = []
    for piece, offset in pieces:
        try:
            if isinstance(piece, Style):
                compiled.append(piece)
            elif piece.startswith("${"):
                compiled.append((environment(piece),))
            else:
                compiled.append(compile_format(piece))
        except ValueError as error:
            problems.append((offset, f"{error}."))
    return tuple(compiled), problems
