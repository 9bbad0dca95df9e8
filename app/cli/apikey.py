"""``apikey``: API keys, for the operator at the command line."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.lookup import OPERATOR
from app.cli.lookup import find_user
from app.services.access import apikeys
from app.services.unit_of_work import run_in_transaction


@click.group()
def apikey() -> None:
    """Create API keys."""


@apikey.command()
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 3650), default=apikeys.DEFAULT_DAYS, show_default=True)
@click.option("--description", default="Made on the command line")
@with_appcontext
def create(name: str, days: int, description: str) -> None:
    """Create a key for a user and print it, once."""
    _, text = run_in_transaction(
        lambda: apikeys.create_key(find_user(name), description, OPERATOR, days=days)
    )
    click.echo(text)
