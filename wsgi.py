"""The WSGI entry point: ``gunicorn wsgi:app``."""

import sys

from app import create_app
from app.errors import ConfigurationError

try:
    app = create_app()
except ConfigurationError as error:
    sys.exit(str(error))
