"""``flask --app wsgi authentik``: writes the blueprint that sets authentik up for this gateway."""

import click

from app.authentik.blueprint import blueprint, removal
from app.authentik.options import VARIABLE, doubts, read, read_parts
from app.settings import Settings

_HELP = """Write a blueprint that sets authentik up for this gateway to standard output.

It makes the stage and flow for codes, and a notification rule for alerts. The comment at its top tells how
to apply it; docs/authentik.md tells all the rest."""
_OPTIONS = {
    "--url": "Where authentik's server and worker reach this gateway. /v2/send is added.",
    "--with": "mfa, alerts, or both with a comma between (the default).",
    "--token-env": f"Variable of authentik that holds the token. Default: {VARIABLE}.",
    "--token-file": "File in authentik's containers that holds the token.",
    "--token": "The token itself, to be written into the blueprint.",
    "--alerts-token-env": "The same for alerts, if they come from a client of their own.",
    "--alerts-token-file": "The same for alerts.",
    "--alerts-token": "The same for alerts.",
    "--from-number": "The sender. Default: SIGNAL_NUMBER, or the text 'signal'.",
    "--events": "failed-logins, configuration-errors, suspicious-requests, new-versions, or some of them.",
    "--group": "Group of authentik that is told. Default: authentik Admins.",
    "--template-in": "Who writes the texts: gateway (default) or authentik.",
    "--language": "user: in the language of the page that asks for the code. default: one for all.",
}

_EMPTY = "A file after '>' is empty now."


def command(settings: Settings) -> click.Command:
    """The command, for a gateway with ``settings``."""

    def write(remove: bool, **given: str | None) -> None:
        texts = {f"--{name.replace('_', '-')}": text for name, text in given.items()}
        click.echo(_removed(texts) if remove else _made(texts, settings), nl=False)

    options = [click.Option([name], help=text) for name, text in _OPTIONS.items()]
    remove = click.Option(
        ["--remove"], is_flag=True, help="Write the blueprint that takes it all away."
    )
    return click.Command(
        "authentik", help=_HELP, params=[*options, remove], callback=write
    )


def _made(texts: dict[str, str | None], settings: Settings) -> str:
    problems: list[str] = []
    plan = read(texts, settings.signal_number, problems)
    _stop_at(problems)
    for doubt in doubts(plan, settings.api_tokens):
        click.echo(f"Note: {doubt}", err=True)
    return blueprint(plan)


def _removed(texts: dict[str, str | None]) -> str:
    problems: list[str] = []
    parts = read_parts(texts, problems)
    _stop_at(problems)
    return removal(parts)


def _stop_at(problems: list[str]) -> None:
    if problems:
        found = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        listed = "".join(f"\n- {problem}" for problem in problems)
        raise click.ClickException(
            f"no blueprint is made, with {found}:{listed}\n{_EMPTY}"
        )
