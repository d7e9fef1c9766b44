"""The operator's commands: ``flask --app wsgi …``."""

import secrets
import sys

import click
from flask import Blueprint

from app import doctor, environment, phone
from app.doctor import Finding, Mark
from app.limits import Limits
from app.link import link
from app.settings import Settings
from app.signal.delivery import Signal
from app.signal.preview import echo
from app.templates import Catalogue

_COLOURS = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.FAILED: "red"}
_WHERE = """This is the token. It is shown once and kept nowhere. Where it goes:
1. The gateway: add {name}:<the token> to API_TOKENS, after what is there and a comma.
2. The sender: in authentik 'API Auth Username' of the SMS stage, or the variable
   SIGNAL_GATEWAY_TOKEN of its containers; any other sends it as Bearer token
   (docs/other-senders.md).
3. Restart both, in Docker by "docker compose up -d": "restart" does not read new variables."""


def blueprint(
    settings: Settings, catalogue: Catalogue, limits: Limits, delivery: Signal
) -> Blueprint:
    """The commands. The parts are those that requests get."""
    commands = Blueprint("commands", __name__, cli_group=None)

    @commands.cli.command()
    @click.option("--offline", is_flag=True, help="Settings and templates only.")
    @click.option("--send", metavar="NUMBER", help="Send a test message there.")
    def check(offline: bool, send: str | None) -> None:
        """Say whether everything is in place to send, and what to do if it is not."""
        recipient = _recipient(send, offline, settings.default_region)
        findings = list(map(_print, doctor.offline(settings, catalogue)))
        if not offline:
            findings += map(_print, doctor.online(settings, catalogue, limits))
        if recipient:
            test = doctor.send_test(settings, catalogue, delivery, recipient)
            findings.append(_print(test))
        echo(f"Next: {doctor.next_step(findings, bool(recipient))}")
        sys.exit(any(finding.mark is Mark.FAILED for finding in findings))

    commands.cli.add_command(token)
    commands.cli.add_command(link)
    return commands


@click.command("token")
@click.argument("name")
def token(name: str) -> None:
    """Make a token for the client NAME."""
    made = secrets.token_hex(32)
    if not environment.CLIENT_NAME.fullmatch(name):
        raise click.ClickException(
            f"'{name}' cannot name a client. Use up to 64 letters, digits, _ . and -."
        )
    click.echo(_WHERE.format(name=name), err=True)
    click.echo(made)


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


def _print(finding: Finding) -> Finding:
    sign = click.style(finding.mark.value, _COLOURS.get(finding.mark))
    echo(f"{sign} {finding.text}")
    for line in finding.more.splitlines():
        echo(f"    {line}".rstrip())
    return finding
