"""``/useradmin/v2`` (contract 4.2): users, groups, functions, permissions."""

from __future__ import annotations

from app.api.useradmin import functions as functions
from app.api.useradmin import groups as groups
from app.api.useradmin import permissions as permissions
from app.api.useradmin import subjects as subjects
from app.api.useradmin import users as users
