"""Alembic's own commands over the database of the current application."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask_migrate import Migrate

from app.config import find_migrations_folder


def upgrade(revision: str = "head") -> None:
    command.upgrade(_configure(), revision)


def downgrade(revision: str) -> None:
    command.downgrade(_configure(), revision)


def read_scripts() -> ScriptDirectory:
    """The migrations, as Alembic reads them."""
    return ScriptDirectory.from_config(_configure())


def _configure() -> Config:
    return Migrate().get_config(find_migrations_folder())
