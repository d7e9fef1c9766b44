"""The operator's commands: ``flask --app wsgi …``."""

import click
from flask import Blueprint

from app import authentik
from app.settings import Settings
from app.templates import Catalogue


def blueprint(settings: Settings, catalogue: Catalogue) -> Blueprint:
    commands = Blueprint("commands", __name__, cli_group=None)

    @commands.cli.command("check")
    def check() -> None:
        """Say that the configuration is in order; if it is not, no command starts."""
        names = ", ".join(catalogue.templates) or "no templates"
        click.echo(
            f"The configuration is in order. {settings.templates_file}: {names}."
        )

    commands.cli.add_command(authentik.command(settings))
    return commands
