"""A template's message without a request: with samples, or with the data that an operator gives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app import payloads
from app.errors import GatewayError
from app.fields import Field, look_up
from app.payloads import SendRequest
from app.styling import Style, Styled
from app.templates import Catalogue, Compiled, Template

# What a field of this name holds, or one whose name ends so: {token}, {user.email}.
SAMPLES = {
    "token": "123456",
    "severity": "notice",
    "body": "Somebody signed in from a new place.",
    "email": "anna@example.com",
    "user_email": "anna@example.com",
    "username": "anna",
    "user_username": "anna",
    "event_user_email": "anna@example.com",
    "event_user_username": "anna",
    "action": "login",
}


@dataclass(frozen=True)
class Usage:
    """The fields of a message by where their values come from."""

    given: tuple[str, ...]
    defaults: tuple[str, ...]
    missing: tuple[str, ...]


def samples(
    catalogue: Catalogue, template: Template
) -> Iterator[tuple[str, Styled | None]]:
    """Each text of the template with samples, by name; ``None`` for one of which nothing is seen."""
    empty = payloads.read(b"{}", catalogue.variables, None)
    requests = {"message": empty}
    requests |= {
        f"locale {key}": replace(empty, locale=key) for key in template.locales
    }
    requests |= {
        f"variant {key}": replace(empty, severity=key) for key in template.variants
    }
    for name, request in requests.items():
        text = template.text_for(request.severity, request.locale)
        values = {field.name: _sample(field, template) for field in _fields(text)}
        try:
            yield name, catalogue.render(replace(template, defaults=values), request)
        except GatewayError:  # no_message, as no field is missing
            yield name, None


def usage(catalogue: Catalogue, template: Template, request: SendRequest) -> Usage:
    """Where the values of the message come from that ``request`` gets."""
    values = {**request.fields, **catalogue.variables}
    fields = _fields(template.text_for(request.severity, request.locale))
    lacking = [field.name for field in fields if look_up(values, field.steps) is None]
    return Usage(
        given=_once(field.name for field in fields if field.name not in lacking),
        defaults=_once(name for name in lacking if name in template.defaults),
        missing=_once(name for name in lacking if name not in template.defaults),
    )


def _fields(text: Compiled) -> list[Field]:
    runs = [piece for piece in text if not isinstance(piece, Style)]
    return [part for run in runs for part in run if isinstance(part, Field)]


def _sample(field: Field, template: Template) -> str:
    default = template.defaults.get(field.name)
    return SAMPLES.get(field.steps[-1]) or default or f"‹{field.name}›"


def _once(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
