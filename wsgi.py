"""The WSGI entry point: ``gunicorn wsgi:app``."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup

from app import create_app
from app.commands import token
from app.errors import ConfigurationError
from app.link import link


class Unconfigured(AppGroup):
    """Commands that need no configuration. Any other ends with the help: what is wrong with it."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return super().get_command(ctx, cmd_name) or sys.exit(self.help)


try:
    app = create_app()
except ConfigurationError as error:
    context = click.get_current_context(silent=True)
    if not context or not isinstance(context.command, FlaskGroup):
        sys.exit(str(error))  # this is a server
    app = Flask(__name__, static_folder=None)
    app.cli = Unconfigured(commands=[link, token], help=str(error))
