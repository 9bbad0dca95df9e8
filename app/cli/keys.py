"""``keys``: the keys that sign ID tokens, and what is kept under ``ARGUS_SECRET_KEYS``."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import with_appcontext

from app import clock
from app.models.keys import SigningKey
from app.services.audit import trail
from app.services.ops import resealing
from app.services.ops.bootstrap import OPERATOR
from app.services.tokens import signing_keys as signing
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction


@click.group()
def keys() -> None:
    """The keys that sign ID tokens, and what is kept under the secret keys."""


@keys.command("list")
@with_appcontext
def listed() -> None:
    """Those that applications can fetch now, newest first."""
    for key in signing.list_known_keys():
        click.echo(_render_line(key.kid, key.active_at, key.retired_at))


@keys.command()
@click.option("--leaked", is_flag=True, help="Others know the present key: sign with a new one at once.")
@with_appcontext
def rotate(leaked: bool) -> None:
    """Make a new key. Applications can fetch it an hour before it signs, and the old one two days after.

    One that leaked is published no more; applications may keep what they fetched for five minutes.
    """

    def work() -> SigningKey:
        made = signing.replace_leaked_keys() if leaked else signing.rotate_key()
        trail.record("keys-rotate", OPERATOR, detail={"key": made.kid, "leaked": leaked})
        return made

    made = run_in_transaction(work)
    click.echo(_render_line(made.kid, made.active_at, made.retired_at))


@keys.command()
@with_appcontext
def reseal() -> None:
    """Encrypt what the database keeps anew, under the first of ARGUS_SECRET_KEYS. Then another key can go.

    Run it when all nodes have that key first. What a key signed ends with it: wait ARGUS_LOGIN_SECONDS
    before it goes, and keep it, as the last, where 'audit verify' is to read what it sealed.
    """
    resealed, unreadable = resealing.reseal_all()
    click.echo(f"{resealed} values are encrypted under key {keyring().signing}.")
    if unreadable:
        click.echo(f"{unreadable} values are under a key that is not here: they are as they were.", err=True)


def _render_line(kid: str, active_at: datetime, retired_at: datetime | None) -> str:
    now = clock.now()
    if active_at > now:
        return f"{kid}  signs from {active_at:%Y-%m-%d %H:%M} UTC"
    if retired_at is not None and retired_at <= now:
        until = retired_at + signing.OVERLAP
        return f"{kid}  retired, published until {until:%Y-%m-%d %H:%M} UTC"
    return f"{kid}  signs"
