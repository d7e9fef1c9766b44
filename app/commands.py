"""The operator's commands: ``flask --app wsgi …``."""

import secrets
import sys
from itertools import chain
from textwrap import indent

import click
from flask import Blueprint

from app import doctor, environment, phone
from app.doctor import FAILED, OK, SKIPPED, WARNING
from app.limits import Limits
from app.link import link
from app.settings import Settings
from app.signal.delivery import Signal
from app.signal.preview import echo
from app.templates import Catalogue

_COLOURS = {OK: "green", WARNING: "yellow", FAILED: "red"}
_SEND = "Send yourself a message: flask --app wsgi check --send +4915112345678"
_SET_UP = "Set up authentik: see docs/authentik.md."
_WHERE = """This is the token. It is shown once and kept nowhere. Where it goes:
1. The gateway: add {name}:<the token> to API_TOKENS, after what is there and a comma.
2. The sender: in authentik SIGNAL_GATEWAY_TOKEN; for any other, docs/other-senders.md.
3. Restart both, in Docker by "docker compose up -d": "restart" reads no new variables."""


def blueprint(
    settings: Settings, catalogue: Catalogue, limits: Limits, delivery: Signal
) -> Blueprint:
    """The commands. The parts are those that requests get."""
    commands = Blueprint("commands", __name__, cli_group=None)
    recipient = environment.conversion(
        "write a number with its country code, like +4915112345678.",
        lambda text: phone.recipient(text, settings.default_region),
    )

    @commands.cli.command()
    @click.option("--offline", is_flag=True, help="Settings and templates only.")
    @click.option(
        "--send",
        metavar="NUMBER",
        type=recipient,
        help="Send a test message there, like +4915112345678.",
    )
    def check(offline: bool, send: str | None) -> None:
        """Say whether everything is in place to send, and what to do if it is not."""
        found = [doctor.offline(settings, catalogue)]
        if not offline:
            found.append(doctor.online(settings, catalogue, limits))
        if send:
            found.append(doctor.send_test(settings, catalogue, delivery, send))
        sys.exit(_report(chain(*found), is_sent=bool(send)))

    commands.cli.add_command(token)
    commands.cli.add_command(link)
    return commands


@click.command("token")
@click.argument("name")
def token(name: str) -> None:
    """Make a token for the client NAME."""
    if not environment.CLIENT_NAME.fullmatch(name):
        raise click.ClickException(
            f"'{name}' cannot name a client. Use up to 64 letters, digits, _ . and -."
        )
    click.echo(_WHERE.format(name=name), err=True)
    click.echo(secrets.token_hex(32))


def _report(findings: doctor.Findings, is_sent: bool) -> bool:
    """Print them as they come, then the one thing to do next; whether any has failed."""
    advice: dict[str, str] = {}
    for mark, text in findings:
        sign = click.style(mark, _COLOURS.get(mark))
        echo(f"{sign} {indent(text, '    ').lstrip()}")
        _, is_more, more = text.partition("\n")
        if is_more:
            advice.setdefault(mark, more.replace("\n", " "))
    gravest = advice.get(FAILED) or advice.get(SKIPPED) or advice.get(WARNING)
    echo(f"Next: {gravest or (_SET_UP if is_sent else _SEND)}")
    return FAILED in advice
