"""``upgrade``: migrate the database to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from flask_migrate import upgrade as migrate

from app.services.audit import sealing
from app.services.ops import readiness
from app.services.unit_of_work import run_in_transaction


@click.command()
@with_appcontext
def upgrade() -> None:
    """Apply the migrations this version brings; safe to repeat."""
    migrate()
    run_in_transaction(sealing.begin_chain)
    click.echo(f"The database is at {readiness.find_head()}.")
