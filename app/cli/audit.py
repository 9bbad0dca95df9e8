"""``audit``: what was decided."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from app.services import explain
from app.services.problems import Missing


@click.group()
def audit() -> None:
    """Look decisions up."""


@audit.command()
@click.argument("number")
@with_appcontext
def show(number: str) -> None:
    """The recorded decision of a number such as D-0123456789."""
    try:
        click.echo(json.dumps(explain.recorded(number), indent=2))
    except Missing:
        raise click.ClickException(f"There is no decision {number!r}.") from None
