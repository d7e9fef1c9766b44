"""``templates.yaml``: its schema, checked as a whole when the process starts."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode

from app import environment, phone
from app.access import Client
from app.document import Document
from app.errors import KINDS, checked_sentence
from app.recipients import VARIABLE, split_texts
from app.templates import Catalogue, Compiled, Template, compile_message

SECTIONS = ("variables", "templates", "clients", "errors")
TEMPLATE_KEYS = ("message", "recipients", "locales", "variants", "defaults")
CLIENT_KEYS = (
    "templates",
    "number",
    "recipients",
    "networks",
    "limits",
    "passthrough",
    "attachments",
)
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
    """The catalogue in the file at ``path``; what is wrong with it is added to ``problems``.

    ``region`` reads numbers without a country code. ``client_names`` are those that have a
    token, ``None`` if that does not matter.
    """
    file = TemplateFile(path, environ, region)
    catalogue = file.catalogue(client_names)
    problems += file.problems
    return catalogue


class TemplateFile(Document):
    """The file, section by section."""

    def __init__(
        self, path: Path, environ: Mapping[str, str], region: str | None
    ) -> None:
        super().__init__(path, environ)
        self._region = region
        self._variables: Mapping[str, str] = {}

    def catalogue(self, names: Collection[str] | None) -> Catalogue:
        sections = self.parts(self.load(), "the file", SECTIONS)
        variables = sections.get("variables")
        self._variables = self._texts(variables, "variables", _VARIABLE_NAME)
        templates = self._templates(sections.get("templates"))
        return Catalogue(
            variables=self._variables,
            templates=templates,
            clients=self._clients(sections.get("clients"), templates, names),
            sentences=self._sentences(sections.get("errors")),
        )

    def _texts(
        self, node: Node | None, what: str, names: re.Pattern[str]
    ) -> dict[str, str]:
        found = {}
        for key, key_node, value in self.entries(node, what):
            text = self.text(value)
            if not names.fullmatch(key):
                sentence = (
                    f"'{key}' cannot be a name in {what}. Use letters, digits and _."
                )
                self.problem(key_node, sentence)
            elif text is not None:
                found[key] = text
        return found

    def _templates(self, node: Node | None) -> dict[str, Template]:
        found = {}
        for name, key_node, value in self.entries(node, "templates"):
            if not _TEMPLATE_NAME.fullmatch(name):
                sentence = (
                    f"'{name}' cannot name a template. Use letters, digits, _ and -."
                )
                self.problem(key_node, sentence)
            parts = self.parts(value, f"template '{name}'", TEMPLATE_KEYS)
            if "message" not in parts and isinstance(value, MappingNode):
                self.problem(key_node, f"template '{name}' has no message.")
            found[name] = self._template(name, parts)
        return found

    def _template(self, name: str, parts: Mapping[str, Node]) -> Template:
        recipients = self.converted(parts.get("recipients"), self._recipients) or ()
        return Template(
            name=name,
            message=self._message(parts["message"]) if "message" in parts else (),
            locales=self._messages(parts.get("locales"), "locales", _locale),
            variants=self._messages(parts.get("variants"), "variants", _severity),
            defaults=self._texts(parts.get("defaults"), "defaults", _FIELD_NAME),
            recipients=tuple(one for several in recipients for one in several),
        )

    def _messages(
        self, node: Node | None, what: str, read_key: Callable[[str], str]
    ) -> dict[str, Compiled]:
        found: dict[str, Compiled] = {}
        for key, key_node, value in self.entries(node, what):
            try:
                name = read_key(key)
                if name in found:
                    raise ValueError(f"is the second spelling of one entry in {what}")
                found[name] = self._message(value)
            except ValueError as error:
                self.problem(key_node, f"'{key}' {error}.")
        return found

    def _message(self, node: Node) -> Compiled:
        source = self.raw_text(node)
        if source is None:
            return ()
        if not source.strip():
            self.problem(node, "this message is empty.")
        compiled, problems = compile_message(
            source.rstrip(), lambda variable: self.expanded(node, variable)
        )
        is_block = isinstance(node, ScalarNode) and node.style == "|"
        for offset, sentence in problems:
            below = source.count("\n", 0, offset) + 1 if is_block else 0
            self.problem(node, sentence, below)
        return compiled

    def _recipients(self, text: str) -> tuple[str, ...]:
        named = VARIABLE.fullmatch(text)
        if named and named[1] not in self._variables:
            raise ValueError(f"is no variable: '{text}'. Name it under 'variables'.")
        try:
            return tuple(
                phone.recipient(part, self._region)
                for part in split_texts(self._variables[named[1]] if named else text)
            )
        except ValueError:
            raise ValueError(
                "is no recipient: write a phone number with its country code, a group or a user name."
            ) from None

    def _clients(
        self,
        node: Node | None,
        templates: Collection[str],
        names: Collection[str] | None,
    ) -> dict[str, Client]:
        def template(text: str) -> str:
            if text not in templates:
                raise ValueError(f"is no template: '{text}'.")
            return text

        found = {}
        for name, key_node, value in self.entries(node, "clients"):
            if names is not None and name not in names:
                self.problem(
                    key_node,
                    f"no token in API_TOKENS is named '{name}'. Add one there as {name}:<token>,"
                    " or take this entry out.",
                )
            parts = self.parts(value, f"client '{name}'", CLIENT_KEYS)
            found[name] = Client(
                name=name,
                templates=self.converted(parts.get("templates"), template),
                numbers=self.converted(parts.get("number"), environment.number) or (),
                recipients=self.converted(parts.get("recipients"), environment.pattern),
                networks=self.converted(parts.get("networks"), environment.network),
                limits=self._limits(parts.get("limits")),
                passthrough=self.flag(parts.get("passthrough")),
                attachments=self.flag(parts.get("attachments")) or False,
            )
        return found

    def _limits(self, node: Node | None) -> dict[str, str]:
        parts = self.parts(node, "limits", ("recipient", "client"))
        read = {
            key: self.converted(value, environment.limit)
            for key, value in parts.items()
        }
        return {key: texts[0] for key, texts in read.items() if texts}

    def _sentences(self, node: Node | None) -> dict[str, str]:
        found = {}
        for code, value in self.parts(node, "errors", KINDS).items():
            if texts := self.converted(
                value, lambda text: checked_sentence(code, text)
            ):
                found[code] = texts[0]
        return found


def _locale(key: str) -> str:
    if not _LOCALE.fullmatch(key):
        raise ValueError("is no language. Write it like de or de-AT")
    return key.replace("_", "-").lower()


def _severity(key: str) -> str:
    if key not in SEVERITIES:
        raise ValueError(f"is no severity. authentik's are {', '.join(SEVERITIES)}")
    return key
