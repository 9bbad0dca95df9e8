"""``sessions``: what the operator decides of everybody's sessions, above all after a backup was restored."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.services.ops import restored


@click.group()
def sessions() -> None:
    """Everybody's sessions: end them all, or let those of a restored backup live."""


@sessions.command("end-all")
@click.option("--api-keys", is_flag=True, help="Revoke all API keys too, the administrators' own included.")
@with_appcontext
def end_all(api_keys: bool) -> None:
    """End every login, application session, link to a new password and authorization of one operation."""
    restored.end_all_sessions(keys=api_keys)
    click.echo("All sessions are ended" + (", all API keys revoked." if api_keys else "; API keys live on."))


@sessions.command("keep-all")
@with_appcontext
def keep_all() -> None:
    """Let live what lives in a restored backup, also what was ended after the backup was made."""
    restored.keep_all_sessions()
    click.echo("Nothing was ended. 'argus-idp serve' asks no more about this copy.")
