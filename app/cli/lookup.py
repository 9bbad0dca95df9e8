"""Find a user or a client that is named on the command line."""

from __future__ import annotations

import click

from app.models.clients import OAuthClient
from app.models.directory import User
from app.services.access import directory
from app.services.audit.trail import Actor
from app.services.clients import registry
from app.services.login import password_login
from app.services.problems import Missing

OPERATOR = Actor(name="operator")


def find_user(name: str) -> User:
    """Find a live user of the home domain, or fail with one line."""
    user = password_login.find_user_by_name(name, directory.get_home_domain().id)
    if user is None:
        raise click.ClickException(f"There is no user {name!r}.")
    return user


def find_client(name: str) -> OAuthClient:
    """Find a live client of the home domain by id or short name, or fail with one line."""
    try:
        return registry.get_client(name, directory.get_home_domain().id)
    except Missing:
        raise click.ClickException(f"There is no client {name!r}.") from None
