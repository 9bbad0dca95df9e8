"""Preferences: keys and values of limited size (contract 4.2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic import RootModel

from app.schemas.common import InDomain
from app.schemas.searching import Paged
from app.schemas.texts import FullMatch
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel

Key = Annotated[str, Field(min_length=1, max_length=100), FullMatch(r"[\w.:\-/@]+")]
Value = Annotated[str, Field(max_length=4000)]
Keys = Annotated[tuple[Key, ...], Field(max_length=200)]


class PreferenceQuery(InDomain, Paged):
    """Query of another user's preferences."""

    key: Keys = ()


class OwnPreferenceQuery(Paged):
    """Query of the caller's own preferences."""

    key: Keys = ()
    key_prefix: Keys = ()


class PreferenceKeysQuery(QueryModel):
    """Keys to return or to delete."""

    key: Keys = ()


class UserKeysQuery(InDomain):
    """Keys of another user's preferences."""

    key: Annotated[tuple[Key, ...], Field(min_length=1, max_length=200)]


class PreferencesSet(ArgusModel):
    """Values to set; others are kept."""

    preferences: Annotated[dict[Key, Value], Field(max_length=200)]


class Properties(RootModel[Annotated[dict[Key, Value], Field(max_length=200)]]):
    """Values to set, as a plain object."""
