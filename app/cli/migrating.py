"""Alembic's own commands, for who writes a migration: ``flask --app app.cli.migrating db …``.

Apart from the application: neither a server nor ``argus-idp`` needs Alembic before it migrates.
"""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from werkzeug.utils import import_string

from app.config import find_migrations_folder
from app.extensions import db


def create_app() -> Flask:
    """Create the application with Flask-Migrate's group ``db``."""
    made: Flask = import_string("app:create_app")()
    Migrate(made, db, directory=str(find_migrations_folder()), render_as_batch=True)
    return made
