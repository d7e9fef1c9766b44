"""The operator's commands: ``flask --app wsgi …``."""

import json
import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path

import click
from flask import Blueprint

from app import doctor, environment, payloads, phone, rendering
from app.errors import GatewayError
from app.finding import Finding, Mark
from app.payloads import SendRequest
from app.settings import Settings
from app.signal import Signal
from app.signal.preview import shown
from app.templates import Catalogue, Template
from app.throttle import Throttle

_COLOURS = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.FAILED: "red"}
_WHERE = """This is the token. It is shown once and kept nowhere. Where it goes:
1. The gateway: add {name}:<the token> to API_TOKENS, after what is there and a comma.
2. The sender: in authentik 'API Auth Username' of the SMS stage, or the variable SIGNAL_GATEWAY_TOKEN of
   its containers; any other sends it as Bearer token (docs/other-senders.md).
3. Start both anew, in Docker by "docker compose up -d": "restart" does not read new variables."""
_TO_CALLERS = "No message was sent. Tell the administrator: "


def blueprint(
    settings: Settings,
    catalogue: Catalogue,
    throttle: Throttle,
    delivery: Signal,
    is_alone: bool,
) -> Blueprint:
    """The commands. The parts are those that requests get; ``is_alone`` if there is one worker."""
    commands = Blueprint("commands", __name__, cli_group=None)
    commands.cli.add_command(_check(settings, catalogue, throttle, delivery, is_alone))
    commands.cli.add_command(_render(settings, catalogue))
    commands.cli.add_command(_token)
    return commands


def _check(
    settings: Settings,
    catalogue: Catalogue,
    throttle: Throttle,
    delivery: Signal,
    is_alone: bool,
) -> click.Command:
    @click.command("check")
    @click.option("--offline", is_flag=True, help="Settings and templates only.")
    @click.option("--send", metavar="NUMBER", help="Send a test message there.")
    def check(offline: bool, send: str | None) -> None:
        """Say whether all is in place to send, and what to do if it is not."""
        recipient = _recipient(send, offline, settings.default_region)
        marks = list(map(_told, doctor.offline(settings, catalogue)))
        if not offline:
            found = doctor.online(settings, catalogue, throttle, is_alone)
            marks += map(_told, found)
        if recipient:
            sent = doctor.send_test(settings, catalogue, delivery, recipient)
            marks.append(_told(sent))
        sys.exit(1 if Mark.FAILED in marks else 0)

    return check


def _render(settings: Settings, catalogue: Catalogue) -> click.Command:
    @click.command("render")
    @click.argument("template")
    @click.option(
        "--data", default="{}", help="A request: JSON, a file, or - for standard input."
    )
    @click.option("--locale", help="A language, like de.")
    def render(template: str, data: str, locale: str | None) -> None:
        """Show the message of TEMPLATE as Signal would show it."""
        if template not in catalogue.templates:
            names = ", ".join(catalogue.templates) or "none"
            raise click.ClickException(
                f"there is no template '{template}'. There are: {names}."
            )
        try:
            request = _request(_text(data), catalogue, settings.default_region)
            request = replace(request, locale=locale or request.locale)
            _show(catalogue, catalogue.templates[template], request)
        except GatewayError as error:
            sentence = error.sentence({}).removeprefix(_TO_CALLERS)
            raise click.ClickException(sentence) from error

    return render


def _recipient(send: str | None, is_offline: bool, region: str | None) -> str | None:
    if send is None:
        return None
    if is_offline:
        raise click.UsageError("--send asks Signal's server: leave --offline out.")
    try:
        return phone.recipient(send, region)
    except ValueError as error:
        raise click.ClickException(
            "--send needs a number with its country code, like +4915112345678; nothing was checked."
        ) from error


def _told(finding: Finding) -> Mark:
    """Write the finding, and return how grave it is."""
    sign, word = finding.mark.value
    if _writable(sign) != sign:
        sign = word.ljust(4)
    _echo(f"{click.style(sign, _COLOURS.get(finding.mark))} {finding.text}")
    for line in finding.more.splitlines():
        _echo(f"    {line}".rstrip())
    return finding.mark


def _echo(text: str) -> None:
    """Colours are for a terminal alone, and what it cannot write becomes a question mark."""
    click.echo(_writable(text), color=False if "NO_COLOR" in os.environ else None)


def _writable(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _text(data: str) -> str:
    if data.lstrip().startswith(("{", "[")):
        return data
    name = data.removeprefix("@")
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise click.ClickException(
            f"--data is no JSON object, and the file '{name}' cannot be read: {reason}."
        ) from error


def _request(text: str, catalogue: Catalogue, region: str | None) -> SendRequest:
    try:
        json.loads(text)
        body = text.encode()
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"--data is not JSON: {error}.") from error
    return payloads.read(body, catalogue.variables, region)


def _show(catalogue: Catalogue, template: Template, request: SendRequest) -> None:
    usage = rendering.usage(catalogue, template, request)
    if not usage.missing:
        message = catalogue.render(template, request)
        for line in shown(message, in_colour=True).split("\n"):
            _echo(f"│ {line}".rstrip())
        _echo(f"Length: {len(message.text.encode())} bytes.")
    _echo(f"Fields: {', '.join(usage.given) or 'none'}.")
    if usage.defaults:
        _echo(f"From defaults: {', '.join(usage.defaults)}.")
    if usage.missing:
        _echo(f"Missing: {', '.join(usage.missing)}.")
        needed = ", ".join(f"'{name}'" for name in usage.missing)
        them = "it" if len(usage.missing) == 1 else "them"
        raise click.ClickException(
            f"The message needs {needed}: give {them} in --data."
        )


@click.command("token")
@click.argument("name")
def _token(name: str) -> None:
    """Make a token for the client NAME."""
    made = secrets.token_hex(32)
    try:
        is_name = environment.tokens(f"{name}:{made}") == ((name, made),)
    except ValueError:
        is_name = False
    if not is_name:
        raise click.ClickException(
            f"'{name}' cannot name a client. Use up to 64 letters, digits, _ . and -."
        )
    click.echo(_WHERE.format(name=name), err=True)
    click.echo(made)
