"""A gateway that brings authentik's messages to Signal. `create_app` puts its parts together."""

import os
from collections.abc import Mapping

from flask import Flask

from app import commands, doctor, exchange, health, signal, webhooks
from app.errors import ConfigurationError
from app.limits import Limits
from app.logs import log_requests, set_up_logging
from app.settings import Settings, read_settings
from app.template_file import TemplateFile


def create_app(
    settings: Settings | None = None, environ: Mapping[str, str] = os.environ
) -> Flask:
    """The WSGI application, with settings from ``environ`` unless some are given.

    ``environ`` also fills ``${NAME}`` in ``templates.yaml``. Raises `ConfigurationError` with
    everything that is wrong with either of them.
    """
    problems: list[str] = []
    settings = settings or read_settings(environ, problems)
    # Without tokens, in a preview or by a mistake told already, no client is missing one.
    has_tokens = bool(settings.api_tokens) and not settings.preview
    names = {token.client for token in settings.api_tokens} if has_tokens else None
    file = TemplateFile(settings.templates_file, environ)
    catalogue = file.catalogue(names)
    if problems := problems + file.problems:
        raise ConfigurationError(problems)
    set_up_logging(settings.log_level, settings.log_format)
    app = Flask(__name__, static_folder=None)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.extensions["settings"] = settings
    log_requests(app, settings.preview)
    exchange.handle_errors(app, catalogue.sentences)
    limits = Limits(settings.rate_limit_storage_uri)
    delivery = signal.connect(settings)
    numbers = doctor.senders(settings, catalogue)
    ready = health.readiness(numbers, limits, delivery)
    app.register_blueprint(webhooks.blueprint(settings, catalogue, limits, delivery))
    app.register_blueprint(health.blueprint(settings, limits, ready))
    app.register_blueprint(commands.blueprint(settings, catalogue, limits, delivery))
    return app
