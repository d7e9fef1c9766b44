"""``templates.yaml``: its schema, checked as a whole when the process starts."""

import re
from collections.abc import Collection, Mapping
from functools import partial
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
TEMPLATE_KEYS = "message recipients locales variants defaults limit answer".split()
CLIENT_KEYS = (
    "templates number recipients networks limits passthrough attachments text_mode"
).split()

_text_mode = environment.one_of("normal", "styled")
_name = environment.told(
    "cannot be a name here. Use letters, digits and _.",
    partial(environment.matched, r"[A-Za-z_][A-Za-z0-9_.\[\]-]*"),
)
_template_name = environment.told(
    "cannot name a template. Use letters, digits, _ and -.",
    partial(environment.matched, r"[A-Za-z0-9_-]{1,64}"),
)
_language = environment.told(
    "is no language. Write it like de or de-AT.",
    partial(environment.matched, r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*"),
)
_severity = environment.told(
    f"is no severity. authentik's are {', '.join(SEVERITIES)}.",
    partial(environment.matched, "|".join(SEVERITIES)),
)


def _locale(key: str) -> str:
    return _language(key).replace("_", "-").lower()


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

    def catalogue(self, names: Collection[str] | None) -> Catalogue:
        sections = self.parts(self.load(), "the file", SECTIONS)
        variables = sections.get("variables")
        self._variables = self._texts(variables, "variables")
        written = variables.value if isinstance(variables, MappingNode) else []
        self._sources = {key.value: value.value for key, value in written}
        self._names = names
        self._templates = self.mapping(
            sections.get("templates"), "templates", _template_name, self._template
        )
        clients = self.mapping(
            sections.get("clients"), "clients", self._client_name, self._client
        )
        errors = self.parts(sections.get("errors"), "errors", KINDS)
        sentences = {code: self._sentence(code, node) for code, node in errors.items()}
        return Catalogue(self._templates, self._variables, clients, sentences)

    def _texts(self, node: Node | None, what: str) -> dict[str, str]:
        return self.mapping(node, what, _name, lambda key, value: self.text(value))

    def _template(self, name: str, node: Node) -> Template:
        parts = self.parts(node, f"template '{name}'", TEMPLATE_KEYS)
        if "message" not in parts and isinstance(node, MappingNode):
            self.problem(node, f"template '{name}' has no message.")
        read = self.converted(parts.get("recipients"), self._recipients) or ()
        limits = self.converted(parts.get("limit"), environment.limit)
        usual = CODE_LIMIT if name == CODES else None
        locales, variants = parts.get("locales"), parts.get("variants")
        return Template(
            name=name,
            message=self._message("", parts["message"]) if "message" in parts else (),
            locales=self.mapping(locales, "locales", _locale, self._message),
            variants=self.mapping(variants, "variants", _severity, self._message),
            defaults=self._texts(parts.get("defaults"), "defaults"),
            recipients=tuple(to for known, _ in read for to in known),
            addresses=tuple(text for _, text in read if text),
            has_recipients=bool(read),
            limit=limits[0] if limits else usual,
            answer=self._answer(parts["answer"]) if "answer" in parts else 201,
        )

    def _message(self, key: str, node: Node) -> Compiled:
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

    def _answer(self, node: Node) -> int:
        if re.fullmatch("20[0-4]", str(node.value)):
            return int(node.value)
        self.problem(node, "this is no status for success. Write 200 to 204.")
        return 201

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
            write = f"In {self._sources[named[1]]} write" if named else "Write"
            raise ValueError(
                f"is no recipient. {write} phone numbers with their country code, as in"
                " +4915100000001, groups or user names."
            ) from None

    def _client_name(self, name: str) -> str:
        if self._names is not None and name not in self._names:
            raise ValueError(
                f"has no token in API_TOKENS. Add one there as {name}:<token>, or take this"
                " entry out."
            )
        return name

    def _client(self, name: str, node: Node) -> Client:
        parts = self.parts(node, f"client '{name}'", CLIENT_KEYS)
        limits = self.parts(parts.get("limits"), "limits", ("recipient", "client"))
        read = {k: self.converted(v, environment.limit) for k, v in limits.items()}
        modes = self.converted(parts.get("text_mode"), _text_mode)
        return Client(
            name=name,
            templates=self.converted(parts.get("templates"), self._known),
            numbers=self.converted(parts.get("number"), environment.number) or (),
            recipients=self.converted(parts.get("recipients"), environment.pattern),
            networks=self.converted(parts.get("networks"), environment.network),
            limits={key: texts[0] for key, texts in read.items() if texts},
            passthrough=self.flag(parts.get("passthrough")),
            attachments=self.flag(parts.get("attachments")) or False,
            styled=modes == ("styled",),
        )

    def _known(self, template: str) -> str:
        if template not in self._templates:
            raise ValueError(f"is no template: '{template}'.")
        return template

    def _sentence(self, code: str, node: Node) -> str:
        read = self.converted(node, lambda text: checked_sentence(code, text))
        return read[0] if read else KINDS[code].sentence
