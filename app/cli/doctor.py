"""``doctor``: what is wrong with this node and its database, and the repair of what can be repaired."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from app.cli.lookup import OPERATOR
from app.services.administration import policy_changes
from app.services.ops import readiness
from app.services.ops import structure
from app.services.unit_of_work import run_in_transaction


@click.command()
@click.option("--repair", is_flag=True, help="Repair customers, functions and groups that stand in a circle.")
@with_appcontext
def doctor(repair: bool) -> None:
    """Say what is wrong, one line each, and exit with 1 if anything is; with --repair mend what can be."""
    problem = readiness.find_problem()
    if problem is not None:
        click.echo(readiness.REPAIRS[problem])
        sys.exit(1)
    if repair:
        for fault in run_in_transaction(lambda: structure.repair_all(OPERATOR)):
            click.echo(f"Repaired: {fault.repair}")
    told = [f"{fault.problem} Run 'argus-idp doctor --repair'." for fault in structure.list_faults()]
    told += [] if policy_changes.has_administrator() else [structure.NO_ADMINISTRATOR]
    for line in told or ["All is well."]:
        click.echo(line)
    if told:
        sys.exit(1)
