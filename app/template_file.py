"""``templates.yaml``: its schema, checked as a whole when the process starts."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode

from app import phone
from app.client_rules import read_clients
from app.document import Document
from app.errors import KINDS, checked_sentence
from app.recipients import VARIABLE, split_texts
from app.templates import Catalogue, Compiled, Template, compile_message

SECTIONS = ("variables", "templates", "clients", "errors")
TEMPLATE_KEYS = ("message", "recipients", "locales", "variants", "defaults")
SEVERITIES = ("notice", "warning", "alert")

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]*")
_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def read(
    path: Path,
    environ: Mapping[str, str],
    region: str | None,
    client_names: Collection[str] | None,
    problems: list[str],
) -> Catalogue:
    """The catalogue in the file at ``path``; all that is wrong with it is added to ``problems``.

    ``region`` reads numbers without a country code. ``client_names`` are those that have a token,
    ``None`` if that does not matter.
    """
    document = Document(str(path), environ)
    root = document.load(path)
    sections = {
        key: node for key, _, node in document.entries(root, "the file", SECTIONS)
    }
    variables = _named_texts(
        document, sections.get("variables"), "variables", _VARIABLE_NAME
    )
    templates = _templates(document, sections.get("templates"), variables, region)
    catalogue = Catalogue(
        variables=variables,
        templates=templates,
        clients=read_clients(
            document, sections.get("clients"), templates, client_names
        ),
        sentences=_sentences(document, sections.get("errors")),
    )
    problems += document.problems
    return catalogue


def _named_texts(
    document: Document, node: Node | None, what: str, names: re.Pattern[str]
) -> dict[str, str]:
    found = {}
    for key, key_node, value in document.entries(node, what):
        text = document.text(value)
        if not names.fullmatch(key):
            document.problem(
                key_node,
                f"'{key}' cannot be a name in {what}. Use letters, digits and _.",
            )
        elif text is not None:
            found[key] = text
    return found


def _templates(
    document: Document,
    node: Node | None,
    variables: Mapping[str, str],
    region: str | None,
) -> dict[str, Template]:
    found = {}
    for name, key_node, value in document.entries(node, "templates"):
        if not _TEMPLATE_NAME.fullmatch(name):
            document.problem(
                key_node,
                f"'{name}' cannot name a template. Use letters, digits, _ and -.",
            )
        if isinstance(value, MappingNode) and not _has_message(value):
            document.problem(key_node, f"template '{name}' has no message.")
        found[name] = _template(document, name, value, variables, region)
    return found


def _has_message(node: MappingNode) -> bool:
    return any(key.value == "message" for key, _ in node.value)


def _template(
    document: Document,
    name: str,
    node: Node,
    variables: Mapping[str, str],
    region: str | None,
) -> Template:
    entries = document.entries(node, f"template '{name}'", TEMPLATE_KEYS)
    parts = {key: value for key, _, value in entries}
    return Template(
        name=name,
        message=_message(document, parts["message"]) if "message" in parts else (),
        locales=_messages(document, parts.get("locales"), "locales", _locale),
        variants=_messages(document, parts.get("variants"), "variants", _severity),
        defaults=_named_texts(document, parts.get("defaults"), "defaults", _FIELD_NAME),
        recipients=tuple(
            _recipients(document, parts.get("recipients"), variables, region)
        ),
    )


def _messages(
    document: Document, node: Node | None, what: str, read_key: Callable[[str], str]
) -> dict[str, Compiled]:
    found: dict[str, Compiled] = {}
    for key, key_node, value in document.entries(node, what):
        try:
            name = read_key(key)
            if name in found:
                raise ValueError(f"is the second spelling of one entry in {what}")
            found[name] = _message(document, value)
        except ValueError as error:
            document.problem(key_node, f"'{key}' {error}.")
    return found


def _locale(key: str) -> str:
    if not _LOCALE.fullmatch(key):
        raise ValueError("is no language. Write it like de or de-AT")
    return key.replace("_", "-").lower()


def _severity(key: str) -> str:
    if key not in SEVERITIES:
        raise ValueError(f"is no severity. authentik's are {', '.join(SEVERITIES)}")
    return key


def _message(document: Document, node: Node) -> Compiled:
    source = document.raw_text(node)
    if source is None:
        return ()
    if not source.strip():
        document.problem(node, "this message is empty.")
    compiled, problems = compile_message(
        source.rstrip(), lambda variable: document.expanded(node, variable)
    )
    is_block = isinstance(node, ScalarNode) and node.style == "|"
    for offset, sentence in problems:
        below = source.count("\n", 0, offset) + 1 if is_block else 0
        document.problem(node, sentence, below)
    return compiled


def _recipients(
    document: Document,
    node: Node | None,
    variables: Mapping[str, str],
    region: str | None,
) -> Iterator[str]:
    for text, item in document.texts(node):
        placeholder = VARIABLE.fullmatch(text)
        if placeholder and placeholder[1] not in variables:
            document.problem(
                item, f"'{text}' is no variable. Name it under 'variables'."
            )
            continue
        for part in split_texts(variables[placeholder[1]] if placeholder else text):
            try:
                yield phone.recipient(part, region)
            except ValueError:
                document.problem(
                    item,
                    "a recipient here is no phone number with country code, group or user name.",
                )


def _sentences(document: Document, node: Node | None) -> dict[str, str]:
    found = {}
    for code, _, value in document.entries(node, "errors", KINDS):
        text = document.text(value)
        try:
            if text is not None:
                found[code] = checked_sentence(code, text)
        except ValueError as error:
            document.problem(value, str(error))
    return found
