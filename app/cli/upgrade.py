"""``upgrade``: migrate the database to this version."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.services.audit import sealing
from app.services.ops import bootstrap
from app.services.ops import schema
from app.services.ops import statistics
from app.services.ops import versions
from app.services.tokens import signing_keys


def _complete() -> None:
    """Add what an earlier version did not have. Inside the unit that migrates."""
    sealing.begin_chain()
    if bootstrap.is_done():
        signing_keys.complete_keys()


@click.command()
@with_appcontext
def upgrade() -> None:
    """Apply the migrations this version brings, all or none; safe to repeat."""
    schema.upgrade_database(_complete)
    statistics.refresh_statistics()
    click.echo(f"The database is at {versions.find_head()}.")
