"""``client``: settings of a client that only the operator can change."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.cli.lookup import OPERATOR
from app.cli.lookup import find_client
from app.cli.lookup import find_user
from app.services.clients import registry
from app.services.clients import service_users
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


@client.command("service-user")
@click.argument("name")
@click.argument("user", required=False)
@click.option("--none", "clear", is_flag=True, help="Take it away: its sessions end.")
@with_appcontext
def service_user(name: str, user: str | None, clear: bool) -> None:
    """Show or set the user for whom a client acts by its own authentication alone."""
    if clear and user is not None:
        raise click.UsageError("Name a user, or --none.")
    if clear:
        run_in_transaction(lambda: service_users.clear_by(find_client(name), OPERATOR))
    elif user is not None:
        run_in_transaction(lambda: service_users.set_by(find_client(name), find_user(user), OPERATOR))
    found = service_users.find_service_user(find_client(name))
    click.echo(f"{name}: {found.short_name if found is not None else 'no service user'}")


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
