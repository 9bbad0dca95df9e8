"""Preferences of the caller (``/currentuser/v1``) and, with the guard, of others (``/useradmin/v2``)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import RootModel

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import paged
from app.api.blueprint import blueprint
from app.api.domains import asked_domain
from app.models.preferences import Preference
from app.schemas.answers.infos import Nothing
from app.schemas.answers.preferences import PreferenceShape
from app.schemas.answers.preferences import preferences_shown
from app.schemas.common import InDomain
from app.schemas.requests.preferences import KeysQuery
from app.schemas.requests.preferences import OwnPreferenceQuery
from app.schemas.requests.preferences import PreferenceQuery
from app.schemas.requests.preferences import PreferencesSet
from app.schemas.requests.preferences import Properties
from app.schemas.requests.preferences import UserKeysQuery
from app.schemas.validation import validated
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.administration import preferences
from app.services.administration import visibility
from app.services.administration.visibility import guarded_user
from app.services.guards import Guard
from app.services.login.reauthentication import personal

OWN = "/currentuser/v1"
ADMIN = "/useradmin/v2/user/<user>/preferences"


class TextMap(RootModel[dict[str, str]]):
    """Keys with their values."""


class PlainText(RootModel[str]):
    """One value."""


@blueprint.get(f"{OWN}/preferences")
@endpoint(answers=[PreferenceShape], query=OwnPreferenceQuery)
def own_preferences(caller: Caller, query: OwnPreferenceQuery) -> Answer:
    """List the caller's own preferences, filtered by key or by prefix of the key."""
    rows = [
        row
        for row in preferences.of_user(caller.user_id)
        if not (query.key or query.key_prefix) or row.key in query.key or row.key.startswith(query.key_prefix)
    ]
    found = search.cut(rows, query.page)
    return paged(found, preferences_shown(found.rows, directory.user_by_id(caller.user_id)))


@blueprint.get(f"{OWN}/prefs")
@endpoint(answers=TextMap, query=KeysQuery)
def own_properties(caller: Caller, query: KeysQuery) -> Answer:
    """Return the caller's own preferences as an object."""
    return Answer(_map(preferences.of_user(caller.user_id), query.key))


@blueprint.post(f"{OWN}/prefs")
@endpoint(answers=TextMap, body=Properties, writes=True)
def set_properties(caller: Caller, body: Properties) -> Answer:
    """Set these values and keep the others; returns all."""
    personal(caller)
    return Answer(_map(preferences.put(caller.user_id, body.root), ()))


@blueprint.delete(f"{OWN}/prefs")
@endpoint(answers=Nothing, query=KeysQuery, writes=True)
def delete_properties(caller: Caller, query: KeysQuery) -> Answer:
    """Delete these preferences."""
    personal(caller)
    preferences.remove(caller.user_id, query.key)
    return Answer(Nothing())


@blueprint.get(f"{OWN}/prefs/<key>")
@endpoint(answers=PlainText)
def get_property(caller: Caller, key: str) -> Answer:
    """Return one value."""
    return Answer(PlainText(preferences.one(caller.user_id, key).value))


@blueprint.delete(f"{OWN}/prefs/<key>")
@endpoint(answers=Nothing, writes=True)
def delete_property(caller: Caller, key: str) -> Answer:
    """Delete one preference."""
    personal(caller)
    preferences.remove(caller.user_id, [key])
    return Answer(Nothing())


@blueprint.get(ADMIN)
@endpoint(answers=[PreferenceShape], query=PreferenceQuery)
def preferences_of_user(caller: Caller, user: str, query: PreferenceQuery) -> Answer:
    """List a user's preferences."""
    found = visibility.visible_user(caller, user, asked_domain(query, caller))
    rows = [row for row in preferences.of_user(found.id) if not query.key or row.key in query.key]
    page = search.cut(rows, query.page)
    return paged(page, preferences_shown(page.rows, found))


@blueprint.get("/useradmin/v2/user/<user>/preferencemap")
@endpoint(answers=TextMap, query=PreferenceQuery)
def preference_map_of_user(caller: Caller, user: str, query: PreferenceQuery) -> Answer:
    """Return a user's preferences as an object."""
    found = visibility.visible_user(caller, user, asked_domain(query, caller))
    return Answer(_map(search.cut(preferences.of_user(found.id), query.page).rows, query.key))


@blueprint.get(f"{ADMIN}/<key>")
@endpoint(answers=PreferenceShape, query=InDomain)
def preference_of_user(caller: Caller, user: str, key: str, query: InDomain) -> Answer:
    """Return one preference of a user."""
    found = visibility.visible_user(caller, user, asked_domain(query, caller))
    return Answer(preferences_shown([preferences.one(found.id, key)], found)[0])


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
        caller, user, query, dict(validated(PreferencesSet, {"preferences": {key: value}}).preferences)
    )


@blueprint.delete(ADMIN)
@endpoint(answers=[PreferenceShape], query=UserKeysQuery, writes=True)
def delete_preferences_of_user(caller: Caller, user: str, query: UserKeysQuery) -> Answer:
    """Delete these preferences; returns the rest."""
    found = guarded_user(caller, user, asked_domain(query, caller), Guard.UPDATE_USER_PREFERENCES)
    return Answer(preferences_shown(preferences.remove(found.id, query.key), found))


def _put(caller: Caller, user: str, query: InDomain, values: dict[str, str]) -> Answer:
    found = guarded_user(caller, user, asked_domain(query, caller), Guard.UPDATE_USER_PREFERENCES)
    return Answer(preferences_shown(preferences.put(found.id, values), found))


def _map(rows: Collection[Preference], keys: Collection[str]) -> Any:
    return TextMap({row.key: row.value for row in rows if not keys or row.key in keys})
