"""``upgrade``: migrate the database to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from flask_migrate import upgrade as migrate

from app.services.audit import sealing
from app.services.ops import readiness
from app.services.unit_of_work import write


@click.command()
@with_appcontext
def upgrade() -> None:
    """Apply the migrations this version brings; safe to repeat."""
    migrate()
    write(sealing.begin)
    click.echo(f"The database is at {readiness.head()}.")
