"""A gateway that brings authentik's messages to Signal. `create_app` puts its parts together."""

import os
from collections.abc import Mapping

from flask import Flask

from app import answers, commands, health, signal, template_file, webhooks
from app.errors import ConfigurationError
from app.logs import set_up_logging
from app.observability import ObservedFlask, observe
from app.settings import Settings, read_settings
from app.templates import Catalogue
from app.throttle import Throttle


def create_app(
    settings: Settings | None = None, environ: Mapping[str, str] = os.environ
) -> Flask:
    """The WSGI application, with settings from ``environ`` unless some are given.

    ``environ`` also fills ``${NAME}`` in ``templates.yaml``. Raises `ConfigurationError` with all that is
    wrong with either of them.
    """
    settings, catalogue = _configuration(settings, environ)
    set_up_logging(settings.log_level, settings.log_format)
    app = ObservedFlask(__name__, static_folder=None)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.extensions.update(settings=settings, sentences=catalogue.sentences)
    observe(app, settings.preview)
    answers.handle_errors(app, catalogue.sentences, settings.max_body_bytes)
    throttle = Throttle(settings.rate_limit_storage_uri)
    delivery = signal.connect(settings)
    app.register_blueprint(webhooks.blueprint(settings, catalogue, throttle, delivery))
    readiness = health.Readiness(settings, catalogue, throttle, delivery)
    app.register_blueprint(health.blueprint(settings, throttle, readiness))
    is_alone = environ.get("WEB_CONCURRENCY") == "1"
    app.register_blueprint(
        commands.blueprint(settings, catalogue, throttle, delivery, is_alone)
    )
    return app


def _configuration(
    given: Settings | None, environ: Mapping[str, str]
) -> tuple[Settings, Catalogue]:
    problems: list[str] = []
    settings = given or read_settings(environ, problems)
    # Without tokens, be it a preview or a mistake that is told already, no entry can be without one.
    has_tokens = bool(settings.api_tokens) and not settings.preview
    names = {token.client for token in settings.api_tokens} if has_tokens else None
    catalogue = template_file.read(
        settings.templates_file, environ, settings.default_region, names, problems
    )
    if problems:
        raise ConfigurationError(problems)
    return settings, catalogue
