"""``keys``: the keys that sign ID tokens, and what is kept under ``ARGUS_SECRET_KEYS``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app import clock
from app.models.keys import SigningKey
from app.services.audit import trail
from app.services.ops import resealing
from app.services.ops.bootstrap import OPERATOR
from app.services.tokens import signing_keys as signing
from app.services.tokens.keyring import keyring
from app.services.tokens.signing_keys import Known
from app.services.unit_of_work import run_in_transaction


@click.group()
def keys() -> None:
    """The keys that sign ID tokens, and what is kept under the secret keys."""


@keys.command("list")
@with_appcontext
def listed() -> None:
    """Those that applications can fetch now, newest first."""
    for key in signing.list_known_keys():
        click.echo(_render_line(key))


@keys.command()
@click.option("--leaked", is_flag=True, help="Others know the present key: sign with a new one at once.")
@with_appcontext
def rotate(leaked: bool) -> None:
    """Make new keys, one of each algorithm. Applications can fetch them an hour before they sign, and the old
    ones two days after.

    What leaked is published no more; applications may keep what they fetched for five minutes.
    """

    def work() -> list[SigningKey]:
        made = signing.replace_leaked_keys() if leaked else signing.rotate_keys()
        for key in made:
            trail.record("keys-rotate", OPERATOR, detail={"key": key.kid, "leaked": leaked})
        return made

    for key in run_in_transaction(work):
        click.echo(_render_line(key))


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


def _render_line(key: Known | SigningKey) -> str:
    now, named = clock.now(), f"{key.kid}  {key.algorithm}"
    if key.active_at > now:
        return f"{named}  signs from {key.active_at:%Y-%m-%d %H:%M} UTC"
    if key.retired_at is not None and key.retired_at <= now:
        until = key.retired_at + signing.OVERLAP
        return f"{named}  retired, published until {until:%Y-%m-%d %H:%M} UTC"
    return f"{named}  signs"
