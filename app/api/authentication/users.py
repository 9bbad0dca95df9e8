"""``/user/{user}/…`` (contract 3.9) and ``/client``: what is done to a user's way in, and who is asking."""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.api.schemas.common import InDomain
from app.api.shapes.infos import Nothing
from app.api.shapes.sessions import ClientAddressShape
from app.models.directory import User
from app.services import accounts
from app.services import people
from app.services.callers import Caller
from app.services.delegation import insist_not_above
from app.services.guards import Guard


@blueprint.get(f"{PREFIX}/client")
@public(answers=ClientAddressShape)
def client_info() -> Answer:
    """The caller's address as this server sees it; no login needed."""
    return Answer(ClientAddressShape(client_ip=edge.contact(request).address or ""))


@blueprint.put(f"{PREFIX}/user/<user>/block")
@endpoint(answers=Nothing, query=InDomain, writes=True)
def block(caller: Caller, user: str, query: InDomain) -> Answer:
    """Everything of this user is refused from the next request on."""
    found = guarded_user(caller, user, query, Guard.BLOCK_USER)
    accounts.block(found, caller.actor)
    return Answer(Nothing())


@blueprint.put(f"{PREFIX}/user/<user>/unblock")
@endpoint(answers=Nothing, query=InDomain, writes=True)
def unblock(caller: Caller, user: str, query: InDomain) -> Answer:
    """The user may log in again; nothing that was ended comes back."""
    found = guarded_user(caller, user, query, Guard.UNBLOCK_USER)
    accounts.unblock(found, caller.actor)
    return Answer(Nothing())


def guarded_user(caller: Caller, text: str, query: InDomain, guard: Guard) -> User:
    """A user this caller holds the guard for, and who holds nothing that the caller lacks (rule 59)."""
    user = people.visible_user(caller, text, asked_domain(query, caller))
    caller.needs(guard, user.customer_id)
    insist_not_above(caller, user)
    return user
