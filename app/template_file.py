"""``templates.yaml``: its schema, checked as a whole when the process starts."""

from collections.abc import Collection
from functools import partial

from yaml.nodes import MappingNode, Node, ScalarNode

from app import environment, phone, templates
from app.access import Client
from app.document import Document
from app.environment import conversion, one_of
from app.errors import KINDS, checked_sentence
from app.fields import Part, compile_format
from app.payloads import CODES, SEVERITIES
from app.recipients import VARIABLE, split_texts

SECTIONS = ("variables", "templates", "clients", "errors")
TEMPLATE_KEYS = "message recipients locales variants defaults limit answer".split()
CLIENT_KEYS = (
    "templates number recipients networks limits passthrough attachments text_mode"
).split()
FLAGS = {"true": True, "false": False}
ANSWERS = {str(status): status for status in range(200, 205)}

_name = conversion(
    "cannot be a name here. Use letters, digits and _.", str, r"(?a)(?!\d)[\w.\[\]-]+"
)
_template_name = conversion(
    "cannot name a template. Use letters, digits, _ and -.", str, r"(?a)[\w-]{1,64}"
)
_locale = conversion(
    "is no language. Write it like de or de-AT.",
    lambda key: key.replace("_", "-").lower(),
    "[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*",
)


class TemplateFile(Document):
    """The file, section by section."""

    def catalogue(self, names: Collection[str] | None) -> templates.Catalogue:
        """All that the file holds. ``names`` are the clients that have a token, if it matters."""
        sections = self._parts(self.load(), SECTIONS)
        variables = sections.get("variables")
        self._sources = self.mapping(variables, _name, lambda key, value: value)
        self._variables = self._texts(variables)
        self._names = names
        self._templates = self.mapping(
            sections.get("templates"), _template_name, self._template
        )
        clients = self.mapping(sections.get("clients"), self._client_name, self._client)
        sentences = self.mapping(sections.get("errors"), one_of(*KINDS), self._sentence)
        return templates.Catalogue(self._templates, self._variables, clients, sentences)

    def _parts(self, node: Node | None, keys: Collection[str]) -> dict[str, Node]:
        """The nodes of a mapping's values by its keys."""
        return self.mapping(node, one_of(*keys), lambda key, value: value)

    def _texts(self, node: Node | None) -> dict[str, str]:
        return self.mapping(node, _name, lambda key, value: self.read(value, str))

    def _template(self, name: str, node: Node) -> templates.Template:
        parts = self._parts(node, TEMPLATE_KEYS)
        if "message" not in parts and isinstance(node, MappingNode):
            self.problem(node, "this template has no message.")
        read = self.several(parts.get("recipients"), self._recipients) or ()
        locales, variants = parts.get("locales"), parts.get("variants")
        severity = one_of(*SEVERITIES)
        usual = templates.CODE_LIMIT if name == CODES else None
        return templates.Template(
            name=name,
            message=self._message("", parts["message"]) if "message" in parts else (),
            locales=self.mapping(locales, _locale, self._message),
            variants=self.mapping(variants, severity, self._message),
            defaults=self._texts(parts.get("defaults")),
            recipients=tuple(to for known, _ in read for to in known),
            addresses=tuple(text for _, text in read if text),
            has_recipients=bool(read),
            limit=self.read(parts.get("limit"), environment.limit) or usual,
            answer=self.choice(parts.get("answer"), ANSWERS) or 201,
        )

    def _message(self, key: str, node: Node) -> templates.Compiled:
        source = self.raw_text(node)
        if source is None:
            return ()
        if not source.strip():
            self.problem(node, "this message is empty.")
        compiled, problems = templates.compile_message(
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
            parts = split_texts(text if value is None else value)
            return tuple(phone.recipient(part, None) for part in parts), ()
        except phone.NotANumber:
            write = f"In {self._sources[named[1]].value} write" if named else "Write"
            raise ValueError(
                f"is no recipient. {write} phone numbers with their country code, as in"
                " +4915100000001, groups or user names."
            ) from None

    def _client_name(self, name: str) -> str:
        if self._names is not None and name not in self._names:
            raise ValueError(
                f"has no token in API_TOKENS. Add {name}:<token> there, or take this out."
            )
        return name

    def _client(self, name: str, node: Node) -> Client:
        parts = self._parts(node, CLIENT_KEYS)
        limits = self.mapping(
            parts.get("limits"),
            one_of("recipient", "client"),
            lambda key, value: self.read(value, environment.limit),
        )
        mode = self.read(parts.get("text_mode"), one_of("normal", "styled"))
        return Client(
            name=name,
            templates=self.several(parts.get("templates"), self._known),
            numbers=self.several(parts.get("number"), environment.number) or (),
            recipients=self.several(parts.get("recipients"), environment.pattern),
            networks=self.several(parts.get("networks"), environment.network),
            limits=limits,
            passthrough=self.choice(parts.get("passthrough"), FLAGS),
            attachments=self.choice(parts.get("attachments"), FLAGS) or False,
            styled=mode == "styled",
        )

    def _known(self, template: str) -> str:
        if template not in self._templates:
            raise ValueError(f"is no template: '{template}'.")
        return template

    def _sentence(self, kind: str, node: Node) -> str | None:
        if kind not in KINDS:
            return None
        return self.read(node, partial(checked_sentence, kind))
