"""Which template a request gets, and the template's text with the request's fields in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.access import Client
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
from app.payloads import SendRequest
from app.styling import Style, Styled, parse_message, parse_template, plain, styled

# A message as it was compiled: styles, and runs of literal texts and fields.
Compiled = tuple[Style | tuple[Part, ...], ...]

LONGEST_LOCALE = 35  # characters, as RFC 5646 advises
CODE_TEMPLATE = "sms"
NOTIFICATION_TEMPLATE = "notification"


@dataclass(frozen=True)
class Template:
    """One entry of ``templates``. ``locales`` are keyed in lower case, ``variants`` by severity."""

    name: str
    message: Compiled
    locales: Mapping[str, Compiled] = field(default_factory=dict)
    variants: Mapping[str, Compiled] = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    recipients: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fields(self) -> list[Field]:
        """The fields of the main text."""
        runs = [piece for piece in self.message if not isinstance(piece, Style)]
        return [part for run in runs for part in run if isinstance(part, Field)]

    def text_for(self, severity: str | None, locale: str | None) -> Compiled:
        """The variant for the severity, else the text in the locale, else the main text.

        ``de-AT`` falls back to ``de``.
        """
        if severity and severity in self.variants:
            return self.variants[severity]
        language = (locale or "")[:LONGEST_LOCALE].replace("_", "-").lower()
        while language and language not in self.locales:
            language = language.rpartition("-")[0]
        return self.locales.get(language, self.message)


@dataclass(frozen=True)
class Catalogue:
    """All of ``templates.yaml``, checked. ``sentences`` replace those of `app.errors`."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    clients: Mapping[str, Client] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        return self.clients.get(name) or Client(name)

    def choose(
        self, path: str | None, client: Client, request: SendRequest
    ) -> Template | None:
        """The template of the path, else the client's only one, else the one for the payload's shape.

        ``None`` sends the payload's own message; ``not_found`` is raised for a path without a template.
        """
        if path is not None and path not in self.templates:
            detail = "templates.yaml has no template of this name"
            raise GatewayError("not_found", detail=detail)
        if path is not None:
            return self.templates[path]
        if client.templates is not None and len(client.templates) == 1:
            return self.templates[client.templates[0]]
        if request.code is not None:
            return self.templates.get(CODE_TEMPLATE)
        is_alert = request.is_notification
        return self.templates.get(NOTIFICATION_TEMPLATE) if is_alert else None

    def recipients(
        self, template: Template | None, request: SendRequest
    ) -> tuple[str, ...]:
        """Those of the request, else those of the template; raises ``no_recipient``."""
        recipients = request.recipients or (template.recipients if template else ())
        if not recipients:
            raise GatewayError("no_recipient")
        return recipients

    def render(self, template: Template | None, request: SendRequest) -> Styled:
        """The message; raises ``missing_field``, and ``no_message`` if nothing is left to be seen."""
        if template is None:
            message = _own(request)
        else:
            message = _filled(template, request, {**request.fields, **self.variables})
        if is_blank(message.text) and not request.options.has_content:
            raise GatewayError("no_message")
        return message


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


def _own(request: SendRequest) -> Styled:
    text = clean(request.own_message(), keep_lines=True)
    return parse_message(text) if request.options.styled else plain(text)


def _filled(template: Template, request: SendRequest, fields: Fields) -> Styled:
    compiled = template.text_for(request.severity, request.locale)
    try:
        return styled(
            p if isinstance(p, Style) else fill(p, fields, template.defaults)
            for p in compiled
        )
    except MissingField as missing:
        raise GatewayError("missing_field", field=missing.name) from missing
