"""OAuth clients: register, change, delete, and list for those whom the decision allows."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from sqlalchemy import bindparam
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.policy import names
from app.policy.ways_in import CLIENT
from app.services.access import client_rows
from app.services.access import directory
from app.services.access import gate
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.access.client_rows import MOST_ID_CHARACTERS
from app.services.access.credential_parts import ListedClient
from app.services.access.facts import RequiredRight
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.clients import changes
from app.services.clients import checks
from app.services.clients import drafts
from app.services.clients import secrets
from app.services.clients import service_keys
from app.services.clients.changes import ClientChange
from app.services.clients.fields import BY_NAME
from app.services.clients.fields import OF_OLD_SECRET
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.problems import Conflict
from app.services.problems import Invalid
from app.services.problems import Missing

C = TypeVar("C", OAuthClient, ListedClient)
# Rows of one query by id.
AT_ONCE = 500
_BY_IDS = select(OAuthClient).where(OAuthClient.id.in_(bindparam("ids", expanding=True)))
_BY_IDS_WITH_NAMES = _BY_IDS.options(
    joinedload(OAuthClient.domain),
    joinedload(OAuthClient.customer),
    joinedload(OAuthClient.required_function),
    joinedload(OAuthClient.permission_scope),
)


def find_live_client(client_id: str) -> OAuthClient | None:
    """Find the client of this id; a deleted client is as unknown as any other."""
    if len(client_id) > MOST_ID_CHARACTERS:
        return None
    return db.session.execute(
        select(OAuthClient).where(OAuthClient.id == client_id, OAuthClient.deleted_at.is_(None))
    ).scalar_one_or_none()


def find_deleted_client(client_id: str) -> OAuthClient | None:
    """Find the deleted client of this id, for audit and explain only."""
    found = db.session.get(OAuthClient, client_id) if len(client_id) <= MOST_ID_CHARACTERS else None
    return found if found is not None and found.deleted_at is not None else None


def get_client(id_or_short_name: str, domain_id: int) -> OAuthClient:
    """Return a live client by id, or by short name in this domain; what is formed as an id is no name.

    Raises ``Missing``.
    """
    client = find_live_client(id_or_short_name)
    if client is None and not checks.is_client_id(id_or_short_name):
        named = select(OAuthClient).where(
            OAuthClient.domain_id == domain_id,
            OAuthClient.short_name_key.in_(names.list_keys(id_or_short_name)),
            OAuthClient.deleted_at.is_(None),
        )
        client = directory.choose_named(
            list(db.session.execute(named).scalars()), "short_name", id_or_short_name
        )
    if client is None:
        raise Missing("client")
    return client


def find_guard_customer(client: OAuthClient | ListedClient, caller: Caller | None = None) -> int:
    """Return the customer at which a function over this client must be held (design §8).

    The root of the caller's own domain is known without a query: lists ask this for every row.
    """
    if client.customer_id is not None:
        return client.customer_id
    if caller is not None and client.domain_id == caller.domain_id:
        return caller.question.tree.list_ancestors(caller.question.user.customer)[-1]
    return directory.get_root_customer(client.domain_id).id


def may_see(client: OAuthClient, caller: Caller) -> bool:
    """Tell whether the caller may know of the client: may use it (leg LIST), or may administer it.

    What acts for a person knows only of the clients that its own rights open.
    """
    if caller.opens(client) and gate.ask(caller.at_client(client)):
        return True
    return caller.allows(RequiredRight(Guard.VIEW_OAUTH_CLIENTS, find_guard_customer(client, caller))).allowed


def list_seen(clients: Sequence[C], caller: Caller) -> list[C]:
    """List those of them that ``may_see`` allows, in their order."""
    usable = caller.list_open(client for client in clients if caller.opens(client))
    reach = caller.list_reach(Guard.VIEW_OAUTH_CLIENTS)
    return [
        client for client in clients if client.id in usable or find_guard_customer(client, caller) in reach
    ]


def may_see_details(client: OAuthClient, caller: Caller) -> bool:
    """Tell whether the gated fields of contract 2.2 may be shown."""
    return caller.allows(
        RequiredRight(Guard.VIEW_OAUTH_CLIENTS_DETAILS, find_guard_customer(client, caller))
    ).allowed


def get_visible_client(id_or_short_name: str, caller: Caller) -> OAuthClient:
    """Return a client the caller may know of. Raises ``Missing`` for absent and hidden ones alike."""
    client = get_client(id_or_short_name, caller.domain_id)
    if not may_see(client, caller):
        raise Missing("client")
    return client


def require_known_client(client: OAuthClient, caller: Caller) -> None:
    """Require that a person asking about the own account may see the client, or was refused by it before.

    Raises ``Missing`` if the caller could not know of the client in either way.
    """
    refused = caller.is_personal and trail.was_refused(caller.user_id, client.id)
    if not refused and not may_see(client, caller):
        raise Missing("client")


def list_detailed_clients(caller: Caller, most: int) -> list[OAuthClient]:
    """List live clients whose details the caller may see (``may_see_details``), by short name,
    up to a limit.
    """
    tree, reach = caller.question.tree, caller.list_reach(Guard.VIEW_OAUTH_CLIENTS_DETAILS)
    whole = {tree.domains[one] for one in reach if tree.parents[one] is None}
    unbound = OAuthClient.customer_id.is_(None) & OAuthClient.domain_id.in_(whole)
    statement = select(OAuthClient).where(
        OAuthClient.deleted_at.is_(None), OAuthClient.customer_id.in_(reach) | unbound
    )
    return list(db.session.execute(statement.order_by(OAuthClient.short_name).limit(most)).scalars())


def list_all_clients() -> list[OAuthClient]:
    """List all live clients, by short name, for the operator."""
    statement = select(OAuthClient).where(OAuthClient.deleted_at.is_(None)).order_by(OAuthClient.short_name)
    return list(db.session.execute(statement).scalars())


def set_flags(client: OAuthClient, values: Mapping[str, bool], actor: Actor) -> None:
    """Set operator-only flags, by column name."""
    for name, value in values.items():
        setattr(client, name, value)
    db.session.flush()
    trail.record("client-flag", actor, client_id=client.id, detail=dict(values))


def list_usable_clients(caller: Caller) -> list[OAuthClient]:
    """List the clients this person may use: those that leg LIST allows, by name."""
    found = list_by_id(caller.list_open(client_rows.list_shown_clients()))
    return sorted(found, key=lambda client: (client.name.casefold(), client.name))


def list_by_id(ids: Iterable[str], *, with_names: bool = False) -> list[OAuthClient]:
    """Load the clients of these ids, in no order; ``with_names``: and what an answer names of each, which
    every client would ask for by itself.
    """
    statement = _BY_IDS_WITH_NAMES if with_names else _BY_IDS
    wanted = sorted(ids)
    found: list[OAuthClient] = []
    for start in range(0, len(wanted), AT_ONCE):
        found += db.session.execute(statement, {"ids": wanted[start : start + AT_ONCE]}).scalars()
    return found


def create_client(change: ClientChange, caller: Caller) -> OAuthClient:
    """Register a client. Raises ``Denied``, ``NotPersonal``, ``Invalid`` naming every wrong field."""
    ways_in.require_personal(caller, CLIENT)
    draft = drafts.draft(change, caller)
    caller.require(Guard.ADD_OAUTH_CLIENT, draft.at)
    if draft.problems:
        raise Invalid(*draft.problems)
    client = draft.client
    secrets.keep_secret(client, change)
    db.session.add(client)
    db.session.flush()
    trail.record("client-add", caller.actor, client_id=client.id, detail={"after": take_snapshot(client)})
    return client


def update_client(
    id_or_short_name: str, change: ClientChange, caller: Caller, *, version: int | None = None
) -> tuple[OAuthClient, bool]:
    """Change only what was sent; the second value tells whether anything changed.

    ``version`` is what the change is based on. Raises ``Missing``, ``Denied``, ``NotPersonal``, ``Invalid``,
    and ``Conflict`` if the client has another version now.
    """
    client, at = get_changeable_client(id_or_short_name, caller, Guard.UPDATE_OAUTH_CLIENT)
    if version is not None and version != client.version:
        raise Conflict
    before, old_until = take_snapshot(client), client.previous_secret_until
    drafts.apply_change(client, change, caller, at)
    secrets.keep_secret(client, change)
    after = take_snapshot(client)
    moved = old_until != client.previous_secret_until
    if before == after and not change.has_secret and not moved:
        return client, False
    client.updated_at, client.updated_by_id = clock.now(), caller.actor.id
    db.session.flush()
    changed = find_differences(before, after, change)
    if moved:
        changed[secrets.FIELD] = {
            name: at.isoformat() if at is not None else ""
            for name, at in (("before", old_until), ("after", client.previous_secret_until))
        }
    trail.record("client-update", caller.actor, client_id=client.id, detail=changed)
    return client, True


def propose_update(id_or_short_name: str, change: ClientChange, caller: Caller) -> OAuthClient:
    """Return the client as it would be after an update; nothing is stored. Raises as ``update_client``."""
    client, at = get_changeable_client(id_or_short_name, caller, Guard.UPDATE_OAUTH_CLIENT)
    columns = [column.key for column in OAuthClient.__mapper__.columns]
    copy = OAuthClient(**{name: getattr(client, name) for name in columns})
    drafts.apply_change(copy, change, caller, at)
    return copy


def get_changeable_client(text: str, caller: Caller, guard: Guard) -> tuple[OAuthClient, int]:
    """Return a client that the caller may change by this guard, and the customer at which it is held.

    Raises ``NotPersonal``, ``Missing``, ``Denied``.
    """
    ways_in.require_personal(caller, CLIENT)
    client = get_visible_client(text, caller)
    at = find_guard_customer(client, caller)
    caller.require(guard, at)
    return client, at


def delete_client(id_or_short_name: str, caller: Caller) -> OAuthClient:
    """Delete permanently: its tokens and codes fail at their next use. Raises as ``update_client``."""
    client, at = get_changeable_client(id_or_short_name, caller, Guard.DELETE_OAUTH_CLIENT)
    changes.require_whole_client(client, caller, at)
    service_keys.take_key(client, caller.actor)
    client.deleted_at, client.deleted_by_id = clock.now(), caller.actor.id
    db.session.flush()
    endings.end(Event.CLIENT_DELETED, client, caller.actor)
    trail.record("client-delete", caller.actor, client_id=client.id, detail={"shortName": client.short_name})
    return client


def take_snapshot(client: OAuthClient) -> dict[str, Any]:
    """Return a client's columns for audit and comparison, without its secret."""
    secret = {*BY_NAME["client_secret"].columns, *OF_OLD_SECRET}
    left_out = secret | {"short_name_key", "version", "updated_by_id"}
    return {
        column.key: getattr(client, column.key)
        for column in OAuthClient.__mapper__.columns
        if column.key not in left_out and not column.key.endswith("_at")
    }


def find_differences(
    before: Mapping[str, Any], after: Mapping[str, Any], change: ClientChange
) -> dict[str, dict[str, Any]]:
    """Return the differences of two snapshots, by column, and whether the secret changes."""
    changed = {
        name: {"before": before[name], "after": after[name]} for name in after if before[name] != after[name]
    }
    if change.has_secret:
        changed[BY_NAME["client_secret"].wire] = {"before": "", "after": "changed"}
    return changed
