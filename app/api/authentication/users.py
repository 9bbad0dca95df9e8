"""``/user/{user}/…`` (contract 3.9) and ``/client``: what is done to a user's way in, and who is asking."""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.models.directory import User
from app.services import accounts
from app.services import directory
from app.services import people
from app.services.callers import Caller
from app.services.delegation import insist_not_above
from app.services.guards import Guard


@blueprint.get(f"{PREFIX}/client")
@public
def client_info() -> Answer:
    """The caller's address as this server sees it; no login needed."""
    return Answer({"clientIP": edge.contact(request).address or ""})


@blueprint.put(f"{PREFIX}/user/<user>/block")
@endpoint(writes=True)
def block(caller: Caller, user: str) -> Answer:
    """Everything of this user is refused from the next request on."""
    found = _named(caller, user, Guard.BLOCK_USER)
    accounts.block(found, caller.actor)
    return Answer({})


@blueprint.put(f"{PREFIX}/user/<user>/unblock")
@endpoint(writes=True)
def unblock(caller: Caller, user: str) -> Answer:
    """The user may log in again; nothing that was ended comes back."""
    found = _named(caller, user, Guard.UNBLOCK_USER)
    accounts.unblock(found, caller.actor)
    return Answer({})


def _named(caller: Caller, text: str, guard: Guard) -> User:
    domain = directory.domain_or_missing(request.args.get("domain"), caller.domain_id)
    user = people.visible_user(caller, text, domain.id)
    caller.needs(guard, user.customer_id)
    insist_not_above(caller, user)
    return user
