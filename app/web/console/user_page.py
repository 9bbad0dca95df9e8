"""One user on one page: details, permissions, login methods, sessions, and possible actions."""

from __future__ import annotations

from flask import render_template

from app.models.directory import User
from app.services.access import apikeys
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.access.search import Page as Rows
from app.services.administration import permission_search
from app.services.administration import visibility
from app.services.guards import Guard
from app.services.inspection import authentication_events
from app.services.inspection import session_admin
from app.services.inspection.authentication_events import Span
from app.services.login import login_methods
from app.services.login import passkey_rows
from app.web.console import listing
from app.web.form_values import FormValues

MOST_SHOWN = 50
RECENT = 10
# The actions on a user's page, and the guard of each; the service checks the guard again.
GUARDS = {
    "edit": Guard.UPDATE_USER,
    "block": Guard.BLOCK_USER,
    "unblock": Guard.UNBLOCK_USER,
    "delete": Guard.DELETE_USER,
    "reset": Guard.RESET_USER_PASSWORD,
    "codes": Guard.ADMINISTRATIVE_TOTP,
    "passkeys": Guard.ADMINISTRATIVE_SIGNATURE,
    "keys": Guard.ADMINISTRATIVE_API_KEY,
    "sessions": Guard.DELETE_SESSION,
    "permissions": Guard.VIEW_PERMISSIONS,
    "grant": Guard.GRANT_ROLE,
    "events": Guard.VIEW_USER_AUTHENTICATION_EVENTS,
}


def render_user_page(caller: Caller, user: User, entry: FormValues) -> str:
    """Render the page; ``entry`` is what was typed into its form."""
    may = {name: listing.is_allowed(caller, guard, user.customer_id) for name, guard in GUARDS.items()}
    held = None
    if may["permissions"]:
        held = permission_search.list_held_permissions(
            user, caller, Rows(MOST_SHOWN), inherited=True, deleted=False
        )
    return render_template(
        "console/users/show.html",
        user=user,
        entry=entry,
        may=may,
        phone=directory.read_phone(user.id),
        groups=[group for group in directory.list_groups(user.id) if visibility.may_see(caller, group)],
        # The service checks more for the caller's groups: each has its own customer.
        may_join=listing.is_allowed(caller, Guard.ADD_GROUP_MEMBER),
        held=held,
        methods=login_methods.list_methods(user),
        passkeys=passkey_rows.list_passkeys(user.id) if may["passkeys"] else [],
        keys=[(key, key.prefix) for key in apikeys.list_keys(user.id)] if may["keys"] else None,
        tree=session_admin.list_branches(user) if may["sessions"] else None,
        recent=authentication_events.list_user_events(user.id, Span(), Rows(RECENT)).rows
        if may["events"]
        else None,
        oneself=user.id == caller.user_id,
        may_explain=listing.is_allowed(caller, Guard.VIEW_OAUTH_CLIENTS_DETAILS),
    )
