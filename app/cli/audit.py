"""``audit``: look up decisions and verify the audit log."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from app.services.audit import verification
from app.services.audit.verification import ChainFault
from app.services.inspection import explain
from app.services.problems import Missing


@click.group()
def audit() -> None:
    """Look decisions up; verify the log."""


@audit.command()
@click.argument("number")
@with_appcontext
def show(number: str) -> None:
    """The recorded decision of a number such as D-0123456789."""
    try:
        click.echo(json.dumps(explain.get_recorded(number).as_data(), indent=2))
    except Missing:
        raise click.ClickException(f"There is no decision {number!r}.") from None


@audit.command()
@click.option(
    "--end", metavar="PLACE:SEAL", help="An end that was printed earlier: is it still in the chain?"
)
@with_appcontext
def verify(end: str | None) -> None:
    """Check that no row was changed, moved, added or deleted. Reads only; fails naming the first wrong row.

    The end it prints, kept elsewhere, later shows (--end) that nobody put an older copy of the log back.
    """
    found = verification.check_chain()
    if found.wrong is not None:
        raise click.ClickException(
            f"{_describe_place(found.wrong)}{found.wrong.what} {found.checked:,} rows before it are in order."
        )
    if end is not None and not verification.contains_end(end):
        raise click.ClickException(
            "The end given is not in the chain: an older copy of the log was put back."
        )
    click.echo(f"{found.sealed:,} rows sealed and in order; {found.waiting:,} not sealed yet.")
    click.echo(f"end {found.end}")


def _describe_place(wrong: ChainFault) -> str:
    row = f"row {wrong.id}, " if wrong.id is not None else ""
    return f"At {row}place {wrong.place:,}: " if wrong.place is not None else ""
