"""A client's service user, as administrators set it: with it the client's own authentication starts sessions
(RFC 6749 4.4, docs/decisions/057).
"""

from __future__ import annotations

from app import clock
from app.models.clients import OAuthClient
from app.models.directory import User
from app.policy.ways_in import KEY
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.clients import changes
from app.services.clients import registry
from app.services.clients import service_keys
from app.services.clients.fields import NO_SECRET
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

PUBLIC = "A public application proves nothing: only a confidential one can have a service user."


def get_service_user(id_or_short_name: str, caller: Caller) -> User:
    """Return the user for whom this client may act by itself. Raises ``Missing``, ``Denied``."""
    client = registry.get_visible_client(id_or_short_name, caller)
    caller.require(Guard.VIEW_OAUTH_CLIENTS_DETAILS, registry.find_guard_customer(client, caller))
    user = find_service_user(client)
    if user is None:
        raise Missing("service user")
    return user


def find_service_user(client: OAuthClient) -> User | None:
    """Return the user for whom this client may act by itself."""
    return directory.get_user(client.service_user_id) if client.service_user_id is not None else None


def set_service_user(id_or_short_name: str, user: str, domain_id: int, caller: Caller) -> User:
    """Let the client act by itself for this user. Inside a unit of work.

    It is a change of the client and a key for somebody else, and takes what both take. Raises ``Missing``,
    ``Denied``, ``NotPersonal``, ``NotHeld``, ``Invalid``.
    """
    client = _get_changeable(id_or_short_name, caller)
    found = visibility.get_other_user(caller, user, domain_id, Guard.ADMINISTRATIVE_API_KEY, KEY)
    set_by(client, found, caller.actor)
    return found


def clear_service_user(id_or_short_name: str, caller: Caller) -> None:
    """Let the client no longer act by itself: its sessions of that user end.
    Raises as ``set_service_user``.
    """
    client = _get_changeable(id_or_short_name, caller)
    clear_by(client, caller.actor)


def set_by(client: OAuthClient, user: User, actor: Actor) -> None:
    """Set the service user, for somebody who may. Raises ``Invalid`` for a public client."""
    if client.authentication_method == NO_SECRET:
        raise Invalid(FieldProblem("user", PUBLIC, "NOT_ALLOWED"))
    key = service_keys.give_key(client, user, actor)
    _record(client, actor, user, key.prefix)


def clear_by(client: OAuthClient, actor: Actor) -> None:
    """Clear the service user, for somebody who may; nothing happens where there is none."""
    user = find_service_user(client)
    if user is not None:
        service_keys.take_key(client, actor)
        _record(client, actor, user, None)


def _record(client: OAuthClient, actor: Actor, user: User, key: str | None) -> None:
    client.updated_at, client.updated_by_id = clock.now(), actor.id
    who = trail.find_concerned_user(user)
    trail.record("client-service-user", actor, client_id=client.id, user=who, detail={"key": key or ""})


def _get_changeable(text: str, caller: Caller) -> OAuthClient:
    client, at = registry.get_changeable_client(text, caller, Guard.UPDATE_OAUTH_CLIENT)
    changes.require_whole_client(client, caller, at)
    return client
