"""``prune``: delete rows that are no longer needed."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.services.ops import pruning
from app.services.ops import statistics


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Keep ended sessions so long."
)
@with_appcontext
def prune(days: int) -> None:
    """Delete spent codes, old transactions and long-ended sessions, in batches."""
    for what, number in pruning.prune_all(days).items():
        click.echo(f"{what}: {number}")
    statistics.refresh_statistics()
