"""``/user/{user}/…`` (contract 3.9), to control how a user can log in, and ``/client``,
which tells the address.
"""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.policy.ways_in import KEY
from app.policy.ways_in import RETURN
from app.schemas.answers.apikeys import KeysShape
from app.schemas.answers.apikeys import NewKeyShape
from app.schemas.answers.apikeys import RenewedKeyShape
from app.schemas.answers.apikeys import RevokedKeyShape
from app.schemas.answers.apikeys import build_key_shape
from app.schemas.answers.apikeys import build_key_shapes
from app.schemas.answers.events import AccountShape
from app.schemas.answers.events import EventShape
from app.schemas.answers.events import LoginTreeShape
from app.schemas.answers.events import SessionsDeletedShape
from app.schemas.answers.events import build_event_shapes
from app.schemas.answers.events import build_login_tree_shapes
from app.schemas.answers.infos import Nothing
from app.schemas.answers.sessions import ClientAddressShape
from app.schemas.common import InDomain
from app.schemas.requests.apikeys import AdminAPIKeyRequest
from app.schemas.requests.apikeys import AdminRenewAPIKey
from app.schemas.requests.events import CustomerEventsQuery
from app.schemas.requests.events import EventsQuery
from app.schemas.requests.events import UserEventsQuery
from app.services.access import apikeys
from app.services.access.callers import Caller
from app.services.administration import users_and_groups
from app.services.administration import visibility
from app.services.administration.own_data import Own
from app.services.administration.visibility import get_guarded_user
from app.services.guards import Guard
from app.services.inspection import authentication_events
from app.services.inspection import session_admin
from app.services.login import apikey_limits
from app.services.login.reauthentication import require_personal


@blueprint.get(f"{PREFIX}/client")
@public(answers=ClientAddressShape)
def client_info() -> Answer:
    """Return the caller's address as this server sees it; no login needed."""
    return Answer(ClientAddressShape(client_ip=edge.read_contact(request).address or ""))


@blueprint.put(f"{PREFIX}/user/<user>/block")
@endpoint(answers=Nothing, query=InDomain, changes_policy=True)
def block(caller: Caller, user: str, query: InDomain) -> Answer:
    """Block a user: everything is refused from the next request on."""
    found = get_guarded_user(caller, user, get_domain_id(query, caller), Guard.BLOCK_USER)
    users_and_groups.block_user(found, caller.actor)
    return Answer(Nothing())


@blueprint.put(f"{PREFIX}/user/<user>/unblock")
@endpoint(answers=Nothing, query=InDomain, changes_policy=True, way_in=RETURN)
def unblock(caller: Caller, user: str, query: InDomain) -> Answer:
    """Unblock a user. Nothing that was ended comes back."""
    domain = get_domain_id(query, caller)
    found = visibility.get_user_to_let_in(caller, user, domain, Guard.UNBLOCK_USER, RETURN)
    users_and_groups.unblock_user(found, caller.actor)
    return Answer(Nothing())


@blueprint.get(f"{PREFIX}/user/<user>")
@endpoint(answers=AccountShape, query=InDomain)
def account(caller: Caller, user: str, query: InDomain) -> Answer:
    """Tell whether the user is blocked or must change the password."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    return Answer(
        AccountShape(
            blocked=found.blocked_at is not None, force_password_change=bool(found.force_password_change)
        )
    )


@blueprint.get(f"{PREFIX}/user/<user>/sessions")
@endpoint(answers=[LoginTreeShape], query=InDomain)
def sessions_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """List the user's logins with the application sessions under them.
    Not available to applications (rule 54).
    """
    require_personal(caller)
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    if not caller.is_self(found.id):
        caller.require(Guard.DELETE_SESSION, found.customer_id)
    return Answer(build_login_tree_shapes(session_admin.list_branches(found)))


@blueprint.delete(f"{PREFIX}/user/<user>/sessions")
@endpoint(answers=SessionsDeletedShape, query=InDomain, writes=True)
def end_sessions_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """End all sessions of the user. Not available to applications (rule 54)."""
    require_personal(caller)
    found = get_guarded_user(caller, user, get_domain_id(query, caller), Guard.DELETE_SESSION)
    return Answer(SessionsDeletedShape(sessions_deleted=session_admin.end_all_sessions(found, caller)))


@blueprint.get(f"{PREFIX}/user/<user>/events")
@endpoint(answers=[EventShape], query=UserEventsQuery)
def events_of_user(caller: Caller, user: str, query: UserEventsQuery) -> Answer:
    """List the user's authentication events, newest first."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    caller.require(Guard.VIEW_USER_AUTHENTICATION_EVENTS, found.customer_id)
    events_found = authentication_events.list_user_events(found.id, query.span, query.page)
    return build_page(events_found, build_event_shapes(events_found.rows))


@blueprint.get(f"{PREFIX}/events")
@endpoint(answers=[EventShape], query=EventsQuery, own=Own.EVENTS)
def own_events(caller: Caller, query: EventsQuery) -> Answer:
    """List the caller's own authentication events, newest first. An application needs a right for this."""
    found = authentication_events.list_user_events(caller.user_id, query.span, query.page)
    return build_page(found, build_event_shapes(found.rows))


@blueprint.get(f"{PREFIX}/customer/events")
@endpoint(answers=[EventShape], query=CustomerEventsQuery)
def events_of_customers(caller: Caller, query: CustomerEventsQuery) -> Answer:
    """List authentication events of these customers, else of the caller's own, newest first."""
    found = authentication_events.list_customer_events(
        caller, query.customer, query.domain, query.span, query.page
    )
    return build_page(found, build_event_shapes(found.rows))


@blueprint.get(f"{PREFIX}/user/<user>/apikey")
@endpoint(answers=KeysShape, query=InDomain)
def keys_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """List the user's API keys."""
    found = visibility.get_user_for_keys(caller, user, get_domain_id(query, caller))
    return Answer(KeysShape(keys=build_key_shapes(apikeys.list_keys(found.id))))


@blueprint.post(f"{PREFIX}/user/<user>/apikey")
@endpoint(
    answers=NewKeyShape, body=AdminAPIKeyRequest, query=InDomain, statuses=(201,), writes=True, way_in=KEY
)
def create_key_for_user(caller: Caller, user: str, body: AdminAPIKeyRequest, query: InDomain) -> Answer:
    """Create a key for another user and show it once. The user must not hold more than the caller."""
    domain = get_domain_id(query, caller)
    found = visibility.get_other_user(caller, user, domain, Guard.ADMINISTRATIVE_API_KEY, KEY)
    key, text = apikey_limits.create_key(found, body.description, body.as_limits(), caller)
    return Answer(NewKeyShape(api_key_string=text, key_descriptor=build_key_shape(key)), status=201)


@blueprint.delete(f"{PREFIX}/user/<user>/apikey/<user_part>/<key_part>")
@endpoint(answers=RevokedKeyShape, query=InDomain, writes=True)
def revoke_key_of_user(caller: Caller, user: str, user_part: str, key_part: str, query: InDomain) -> Answer:
    """Revoke another user's key and every session that was started with it."""
    found = visibility.get_user_for_keys(caller, user, get_domain_id(query, caller))
    return Answer(
        RevokedKeyShape(
            revoked_key=build_key_shape(apikeys.revoke_key(found.id, user_part, key_part, caller.actor))
        )
    )


@blueprint.put(f"{PREFIX}/user/<user>/apikey/<user_part>/<key_part>")
@endpoint(
    answers=RenewedKeyShape,
    body=AdminRenewAPIKey,
    query=InDomain,
    optional_body=True,
    writes=True,
    way_in=KEY,
)
def renew_key_of_user(
    caller: Caller, user: str, user_part: str, key_part: str, body: AdminRenewAPIKey, query: InDomain
) -> Answer:
    """Set a new expiry for another user's key."""
    domain = get_domain_id(query, caller)
    found = visibility.get_other_user(caller, user, domain, Guard.ADMINISTRATIVE_API_KEY, KEY)
    days = apikey_limits.check_limits(caller, body.as_limits()).days
    renewed = apikeys.renew_key(found.id, user_part, key_part, days, caller.actor)
    return Answer(RenewedKeyShape(renewed_key=build_key_shape(renewed)))


@blueprint.delete(f"{PREFIX}/user/<user>/apikey/<number>")
@endpoint(answers=RevokedKeyShape, query=InDomain, writes=True)
def revoke_key_by_number(caller: Caller, user: str, number: str, query: InDomain) -> Answer:
    """As above, but the key is named by its number alone."""
    found = visibility.get_user_for_keys(caller, user, get_domain_id(query, caller))
    revoked = apikeys.revoke_key(found.id, *apikeys.split_key_number(found.id, number), caller.actor)
    return Answer(RevokedKeyShape(revoked_key=build_key_shape(revoked)))
