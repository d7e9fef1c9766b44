"""``templates.yaml``: its schema, checked as a whole when the process starts."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode

from app import environment, phone
from app.access import Client
from app.document import Document
from app.errors import KINDS, checked_sentence
from app.fields import Part, compile_format
from app.payloads import SEVERITIES
from app.recipients import VARIABLE, split_texts
from app.templates import (
    CODE_LIMIT,
    CODES,
    Catalogue,
    Compiled,
    Template,
    compile_message,
)

SECTIONS = ("variables", "templates", "clients", "errors")
TEMPLATE_KEYS = (
    "message",
    "recipients",
    "locales",
    "variants",
    "defaults",
    "limit",
    "answer",
)
CLIENT_KEYS = (
    "templates",
    "number",
    "recipients",
    "networks",
    "limits",
    "passthrough",
    "attachments",
    "text_mode",
)

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]*")
_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT_MODE = environment.one_of("normal", "styled")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def read(
    path: Path,
    environ: Mapping[str, str],
    client_names: Collection[str] | None,
    problems: list[str],
) -> Catalogue:
    """The catalogue in the file at ``path``; what is wrong with it is added to ``problems``.

    ``client_names`` are those that have a token, ``None`` if that does not matter.
    """
    file = TemplateFile(path, environ)
    catalogue = file.catalogue(client_names)
    problems += file.problems
    return catalogue


class TemplateFile(Document):
    """The file, section by section."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        super().__init__(path, environ)
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
        read = self.converted(parts.get("recipients"), self._recipients) or ()
        limits = self.converted(parts.get("limit"), environment.limit)
        usual = CODE_LIMIT if name == CODES else None
        answers = self.converted(parts.get("answer"), _answer, as_number=True)
        return Template(
            name=name,
            message=self._message(parts["message"]) if "message" in parts else (),
            locales=self._messages(parts.get("locales"), "locales", _locale),
            variants=self._messages(parts.get("variants"), "variants", _severity),
            defaults=self._texts(parts.get("defaults"), "defaults", _FIELD_NAME),
            recipients=tuple(to for known, _ in read for to in known),
            addresses=tuple(parts for _, parts in read if parts),
            limit=limits[0] if limits else usual,
            answer=answers[0] if answers else 201,
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

    def _recipients(self, text: str) -> tuple[tuple[str, ...], tuple[Part, ...]]:
        """Those that the text names, or the parts of a text over the payload's fields."""
        named = VARIABLE.fullmatch(text)
        value = self._variables.get(named[1]) if named else None
        if value is None and "{" in text:
            try:
                return (), compile_format(text)
            except ValueError as error:
                raise ValueError(f"is no recipient: {error}.") from error
        try:
            texts = split_texts(text if value is None else value)
            return tuple(phone.recipient(part, None) for part in texts), ()
        except phone.NotANumber:
            source = f"{named[0]}: write" if named else "write"
            raise ValueError(
                f"is no recipient. In {source} phone numbers with their country code, as in"
                " +4915100000001, groups or user names."
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
            modes = self.converted(parts.get("text_mode"), _TEXT_MODE)
            found[name] = Client(
                name=name,
                templates=self.converted(parts.get("templates"), template),
                numbers=self.converted(parts.get("number"), environment.number) or (),
                recipients=self.converted(parts.get("recipients"), environment.pattern),
                networks=self.converted(parts.get("networks"), environment.network),
                limits=self._limits(parts.get("limits")),
                passthrough=self.flag(parts.get("passthrough")),
                attachments=self.flag(parts.get("attachments")) or False,
                styled=modes == ("styled",),
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


def _answer(text: str) -> int:
    if not re.fullmatch("20[0-4]", text):
        raise ValueError("is no status for success. Write 200 to 204.")
    return int(text)
