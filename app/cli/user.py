"""``user``: accounts, for the operator at the command line."""

from __future__ import annotations

import secrets
import sys

import click
from flask.cli import with_appcontext

from app.cli.lookup import OPERATOR
from app.cli.lookup import find_user
from app.services.access import directory
from app.services.administration import users_and_groups
from app.services.administration.policy_changes import run_policy_change
from app.services.login import password_login
from app.services.ops import structure
from app.services.unit_of_work import run_in_transaction


@click.group()
def user() -> None:
    """Create users, set passwords, block and unblock, give an administrator back."""


@user.command()
@click.argument("name")
@click.option("--customer", required=True, help="Short name or id of the user's customer.")
@click.option("--name", "full_name", default=None, help="The full name; default the short one.")
@click.option("--email", default=None)
@with_appcontext
def create(name: str, customer: str, full_name: str | None, email: str | None) -> None:
    """Create a user; prints the first password once."""
    password = secrets.token_urlsafe(15)
    home = directory.find_customer(customer, directory.get_home_domain().id)
    if home is None:
        raise click.ClickException(f"There is no customer {customer!r}.")
    customer_id = home.id
    run_in_transaction(
        lambda: password_login.create_user(name, full_name or name, customer_id, email, password, OPERATOR)
    )
    click.echo(f"{name} {password}")


@user.command("set-password")
@click.argument("name")
@click.option(
    "--stdin", "from_stdin", is_flag=True, required=True, help="Read the password from standard input."
)
@with_appcontext
def set_password(name: str, from_stdin: bool) -> None:  # noqa: ARG001 - the flag says where it comes from
    """Set a password; ends everything the user has open."""
    password = sys.stdin.readline().rstrip("\r\n")
    run_in_transaction(lambda: password_login.set_password(find_user(name), password, OPERATOR))
    click.echo(f"The password of {name} is set; all sessions are ended.")


@user.command()
@click.argument("name")
@with_appcontext
def block(name: str) -> None:
    """Refuse everything of this user from now on."""
    run_policy_change(lambda: users_and_groups.block_user(find_user(name), OPERATOR))
    click.echo(f"{name} is blocked.")


@user.command()
@click.argument("name")
@with_appcontext
def unblock(name: str) -> None:
    """Let the user log in again."""
    run_policy_change(lambda: users_and_groups.unblock_user(find_user(name), OPERATOR))
    click.echo(f"{name} is unblocked.")


@user.command("make-administrator")
@click.argument("name")
@with_appcontext
def make_administrator(name: str) -> None:
    """Let this user hold ALL-FUNCTIONS for the root customer, also if nobody can give it any more.

    Unblocks the user, and puts built-in functions back below ALL-FUNCTIONS.
    """
    run_in_transaction(lambda: structure.make_administrator(find_user(name), OPERATOR))
    click.echo(f"{name} holds ALL-FUNCTIONS for the root customer.")
