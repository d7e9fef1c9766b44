"""The command's options to one checked `Plan`; every mistake is told at once.

A conversion raises `ValueError` with the end of a sentence that begins with the option's name. It repeats
no value that may be a secret.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from app.authentik import address
from app.authentik.alerts import ADMINS, EVENTS
from app.authentik.blueprint import PARTS, Plan
from app.authentik.document import Secret
from app.environment import secret as checked_token
from app.settings import ApiToken

T = TypeVar("T")
VARIABLE = "SIGNAL_GATEWAY_TOKEN"
_TOKEN_LIKE = re.compile(r"[0-9a-fA-F]{24,}")


class Given:
    """The options as they were typed, by their names with the dashes."""

    def __init__(self, texts: Mapping[str, str | None], problems: list[str]) -> None:
        self._texts = texts
        self._problems = problems

    def get(self, option: str, convert: Callable[[str], T], default: T) -> T:
        """The converted value; the default if it is absent or wrong."""
        text = self._texts.get(option)
        try:
            return default if text is None else convert(text.strip())
        except ValueError as error:
            self._problems.append(f"{option} {error}")
            return default

    def require(self, option: str, sentence: str) -> None:
        if self._texts.get(option) is None:
            self._problems.append(f"{option} {sentence}")

    def secret(self, prefix: str, default: Secret) -> Secret:
        """The token of ``--PREFIX``, ``--PREFIX-env`` or ``--PREFIX-file``."""
        kinds = {f"{prefix}-env": _env, f"{prefix}-file": _file, prefix: _text}
        given = [option for option in kinds if self._texts.get(option) is not None]
        if len(given) > 1:
            self._problems.append(
                f"{' and '.join(given)} exclude each other. Keep one."
            )
        return self.get(given[0], kinds[given[0]], default) if given else default


def read_parts(texts: Mapping[str, str | None], problems: list[str]) -> tuple[str, ...]:
    """Which parts are wanted, both by default."""
    return Given(texts, problems).get("--with", _some_of(PARTS), PARTS)


def read(
    texts: Mapping[str, str | None], number: str | None, problems: list[str]
) -> Plan:
    """What the options ask for. What is wrong with them is added to ``problems``, a sentence each."""
    given = Given(texts, problems)
    given.require(
        "--url",
        "is missing. Give the address where authentik's server and worker reach this gateway, like"
        " https://gateway.example.com.",
    )
    code_token = given.secret("--token", Secret("env", VARIABLE))
    events = tuple(EVENTS)
    plan = Plan(
        url=given.get("--url", address.read, ""),
        number=given.get("--from-number", _line, number or "signal"),
        parts=read_parts(texts, problems),
        events=given.get("--events", _some_of(events), events),
        group=given.get("--group", _line, ADMINS),
        template_in=given.get(
            "--template-in", _one_of("gateway", "authentik"), "gateway"
        ),
        language=given.get("--language", _one_of("default", "user"), "default"),
        code_token=code_token,
        alert_token=given.secret("--alerts-token", code_token),
    )
    if plan.template_in == "authentik" and plan.language == "user":
        problems.append(
            "--language user needs --template-in gateway: the languages are in its templates.yaml."
        )
    return plan


def doubts(plan: Plan, tokens: Sequence[ApiToken]) -> list[str]:
    """What the plan allows and yet is likely to be a mistake, a sentence each."""
    found = address.doubts(plan.url)
    known = {token.digest for token in tokens}
    for secret in dict.fromkeys((plan.code_token, plan.alert_token)):
        if secret.kind == "text" and ApiToken.of("", secret.name).digest not in known:
            found.append("A token that you gave is none of those in API_TOKENS.")
    if set(plan.parts) == set(PARTS) and plan.alert_token == plan.code_token:
        found.append(
            "Alerts come with the token for codes. A stranger who fails to log in often enough could make"
            " Signal limit the sender, and then codes stop, too. docs/authentik.md gives alerts a client"
            " and a limit of their own."
        )
    if plan.template_in == "authentik":
        found.append(
            "With authentik's texts the gateway sees no code: its client must be allowed texts of its own,"
            " and needs a limit for each recipient (docs/authentik.md)."
        )
    return found


def _env(text: str) -> Secret:
    if _TOKEN_LIKE.fullmatch(text):
        raise ValueError(
            "takes the name of a variable. This looks like a token itself."
        )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("takes the name of a variable: letters, digits and _.")
    return Secret("env", text)


def _file(text: str) -> Secret:
    if not text.startswith("/") or not text.isprintable():
        raise ValueError(
            "takes a path in authentik's containers, like /run/secrets/token."
        )
    return Secret("file", text)


def _text(text: str) -> Secret:
    return Secret("text", checked_token(text))


def _line(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("needs one line of text.")
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}.")
        return text

    return convert


def _some_of(allowed: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Words separated by commas, in the order of ``allowed``."""

    def convert(text: str) -> tuple[str, ...]:
        words = {word.strip() for word in text.split(",")} - {""}
        if not words or words - set(allowed):
            raise ValueError(f"takes {', '.join(allowed)}, separated by commas.")
        return tuple(word for word in allowed if word in words)

    return convert
