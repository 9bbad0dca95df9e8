"""Preferences of the caller (``/currentuser/v1``) and, with the guard, of others (``/useradmin/v2``)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import RootModel

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.preferences import Preference
from app.schemas.answers.infos import Nothing
from app.schemas.answers.preferences import PreferenceShape
from app.schemas.answers.preferences import build_preference_shapes
from app.schemas.common import InDomain
from app.schemas.requests.preferences import OwnPreferenceQuery
from app.schemas.requests.preferences import PreferenceKeysQuery
from app.schemas.requests.preferences import PreferenceQuery
from app.schemas.requests.preferences import PreferencesSet
from app.schemas.requests.preferences import Properties
from app.schemas.requests.preferences import UserKeysQuery
from app.schemas.validation import validate_fields
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.administration import preferences
from app.services.administration import visibility
from app.services.administration.own_data import Own
from app.services.administration.visibility import get_guarded_user
from app.services.guards import Guard
from app.services.login.reauthentication import require_personal

OWN = "/currentuser/v1"
ADMIN = "/useradmin/v2/user/<user>/preferences"


class TextMap(RootModel[dict[str, str]]):
    """Keys with their values."""


class PlainText(RootModel[str]):
    """One value."""


@blueprint.get(f"{OWN}/preferences")
@endpoint(answers=[PreferenceShape], query=OwnPreferenceQuery, own=Own.PROFILE)
def own_preferences(caller: Caller, query: OwnPreferenceQuery) -> Answer:
    """List the caller's own preferences, filtered by key and by prefix of the key."""
    rows = preferences.list_preferences(caller.user_id, query.key, query.key_prefix)
    found = search.cut_page(rows, query.page)
    return build_page(found, build_preference_shapes(found.rows, directory.get_user(caller.user_id)))


@blueprint.get(f"{OWN}/prefs")
@endpoint(answers=TextMap, query=PreferenceKeysQuery, own=Own.PROFILE)
def own_properties(caller: Caller, query: PreferenceKeysQuery) -> Answer:
    """Return the caller's own preferences as an object."""
    return Answer(_to_map(preferences.list_preferences(caller.user_id, query.key)))


@blueprint.post(f"{OWN}/prefs")
@endpoint(answers=TextMap, body=Properties, writes=True)
def set_properties(caller: Caller, body: Properties) -> Answer:
    """Set these values and keep the others; returns all."""
    require_personal(caller)
    return Answer(_to_map(preferences.set_preferences(caller.user_id, body.root)))


@blueprint.delete(f"{OWN}/prefs")
@endpoint(answers=Nothing, query=PreferenceKeysQuery, writes=True)
def delete_properties(caller: Caller, query: PreferenceKeysQuery) -> Answer:
    """Delete these preferences."""
    require_personal(caller)
    preferences.remove_preferences(caller.user_id, query.key)
    return Answer(Nothing())


@blueprint.get(f"{OWN}/prefs/<key>")
@endpoint(answers=PlainText, own=Own.PROFILE)
def get_property(caller: Caller, key: str) -> Answer:
    """Return one value."""
    return Answer(PlainText(preferences.get_preference(caller.user_id, key).value))


@blueprint.delete(f"{OWN}/prefs/<key>")
@endpoint(answers=Nothing, writes=True)
def delete_property(caller: Caller, key: str) -> Answer:
    """Delete one preference."""
    require_personal(caller)
    preferences.remove_preferences(caller.user_id, [key])
    return Answer(Nothing())


@blueprint.get(ADMIN)
@endpoint(answers=[PreferenceShape], query=PreferenceQuery)
def preferences_of_user(caller: Caller, user: str, query: PreferenceQuery) -> Answer:
    """List a user's preferences."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    page = search.cut_page(preferences.list_preferences(found.id, query.key), query.page)
    return build_page(page, build_preference_shapes(page.rows, found))


@blueprint.get("/useradmin/v2/user/<user>/preferencemap")
@endpoint(answers=TextMap, query=PreferenceQuery)
def preference_map_of_user(caller: Caller, user: str, query: PreferenceQuery) -> Answer:
    """Return a user's preferences as an object."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    page = search.cut_page(preferences.list_preferences(found.id, query.key), query.page)
    return Answer(_to_map(page.rows))


@blueprint.get(f"{ADMIN}/<key>")
@endpoint(answers=PreferenceShape, query=InDomain)
def preference_of_user(caller: Caller, user: str, key: str, query: InDomain) -> Answer:
    """Return one preference of a user."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    return Answer(build_preference_shapes([preferences.get_preference(found.id, key)], found)[0])


@blueprint.put(ADMIN)
@endpoint(answers=[PreferenceShape], body=PreferencesSet, query=InDomain, writes=True)
def set_preferences_of_user(caller: Caller, user: str, body: PreferencesSet, query: InDomain) -> Answer:
    """Set these values and keep the others; returns all."""
    return _put(caller, user, query, dict(body.preferences))


@blueprint.put(f"{ADMIN}/<key>/<value>")
@endpoint(answers=[PreferenceShape], query=InDomain, writes=True)
def set_preference_of_user(caller: Caller, user: str, key: str, value: str, query: InDomain) -> Answer:
    """Set one value; returns all."""
    return _put(
        caller, user, query, dict(validate_fields(PreferencesSet, {"preferences": {key: value}}).preferences)
    )


@blueprint.delete(ADMIN)
@endpoint(answers=[PreferenceShape], query=UserKeysQuery, writes=True)
def delete_preferences_of_user(caller: Caller, user: str, query: UserKeysQuery) -> Answer:
    """Delete these preferences; returns the rest."""
    found = get_guarded_user(caller, user, get_domain_id(query, caller), Guard.UPDATE_USER_PREFERENCES)
    return Answer(build_preference_shapes(preferences.remove_preferences(found.id, query.key), found))


def _put(caller: Caller, user: str, query: InDomain, values: dict[str, str]) -> Answer:
    found = get_guarded_user(caller, user, get_domain_id(query, caller), Guard.UPDATE_USER_PREFERENCES)
    return Answer(build_preference_shapes(preferences.set_preferences(found.id, values), found))


def _to_map(rows: Collection[Preference]) -> Any:
    return TextMap({row.key: row.value for row in rows})
