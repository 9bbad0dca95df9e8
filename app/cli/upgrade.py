"""``upgrade``: migrate the database to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.services.audit import sealing
from app.services.ops import schema
from app.services.ops import statistics
from app.services.ops import versions


@click.command()
@with_appcontext
def upgrade() -> None:
    """Apply the migrations this version brings, all or none; safe to repeat."""
    schema.upgrade_database(sealing.begin_chain)
    statistics.refresh_statistics()
    click.echo(f"The database is at {versions.find_head()}.")
