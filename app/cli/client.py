"""``client``: settings of a client that only the operator can change."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.lookup import OPERATOR
from app.cli.lookup import find_client
from app.services.clients import registry
from app.services.unit_of_work import run_in_transaction


@click.group()
def client() -> None:
    """List clients and set operator-only flags."""


@client.command("list")
@with_appcontext
def list_clients() -> None:
    """Id and short name of every live client."""
    for one in registry.list_all_clients():
        click.echo(f"{one.id}  {one.short_name}")


@client.command()
@click.argument("name")
@click.option("--require-same-client-ip/--no-require-same-client-ip", default=None)
@click.option("--string-group-claim/--no-string-group-claim", default=None)
@with_appcontext
def flag(name: str, require_same_client_ip: bool | None, string_group_claim: bool | None) -> None:
    """Set a flag of the contract that has no field in the API."""
    wanted = {
        "require_same_client_ip": require_same_client_ip,
        "enable_string_group_claim": string_group_claim,
    }
    values = {key: value for key, value in wanted.items() if value is not None}
    if not values:
        raise click.UsageError("Name at least one flag.")
    run_in_transaction(lambda: registry.set_flags(find_client(name), values, OPERATOR))
    click.echo(f"{name}: " + ", ".join(f"{key}={value}" for key, value in values.items()))
