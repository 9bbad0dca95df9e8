"""Navigation: the main menu, the pages of the account, the sections of the console.

A section is shown to users whose list would not be empty; the service guards the list itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask import current_app
from flask import request
from flask import url_for
from flask_babel import gettext as _

from app.services.access.callers import Caller
from app.services.access.facts import Asked
from app.services.guards import Guard
from app.web import person


@dataclass(frozen=True, slots=True)
class Item:
    """One menu item; ``here`` if the page is this one or below it."""

    label: str
    url: str
    here: bool


def register(app: Flask) -> None:
    """Give every template the menus."""

    @app.context_processor
    def _menus() -> dict[str, object]:
        return {"main_menu": main_menu, "account_menu": account_menu, "console_menu": console_menu}


def main_menu() -> list[Item]:
    """Build the main menu: home, account and, for administrators, the console."""
    items = [
        Item(_("My applications"), url_for("home.index"), request.path == "/"),
        _item(_("My account"), "account.index", "/account"),
    ]
    return items + ([_item(_("Console"), "console.index", "/console")] if sections() else [])


def account_menu() -> list[Item]:
    """Build the menu of the account pages."""
    pages = (
        (_("Sessions"), "sessions.index"),
        (_("Security"), "security.index"),
        (_("API keys"), "keys.index"),
        (_("Activity"), "activity.index"),
    )
    return [_item(label, endpoint) for label, endpoint in pages if there(endpoint)]


def console_menu() -> list[Item]:
    """Build the menu of the sections this administrator can use."""
    return [_item(label, endpoint) for label, endpoint in sections()]


def sections() -> list[tuple[str, str]]:
    """List label and endpoint of each console section in which the user could see something."""
    somebody = person.present()
    if somebody is None:
        return []
    caller = somebody.caller
    listed = (
        (_("Applications"), "clients.index", (Guard.VIEW_OAUTH_CLIENTS, Guard.ADD_OAUTH_CLIENT)),
        (_("Users"), "users.index", (Guard.VIEW_USERS,)),
        (_("Groups"), "groups.index", (Guard.VIEW_USERS,)),
        (_("Functions"), "functions.index", (Guard.VIEW_FUNCTIONS,)),
        (_("Customers"), "customers.index", (Guard.VIEW_CUSTOMERS,)),
        (_("Permissions"), "permissions.index", (Guard.VIEW_PERMISSIONS,)),
        (_("Sessions"), "open_sessions.index", (Guard.DELETE_SESSION,)),
        (_("Audit log"), "auditlog.index", (Guard.VIEW_USER_AUTHENTICATION_EVENTS,)),
        (_("Explain"), "explain.index", (Guard.VIEW_OAUTH_CLIENTS_DETAILS,)),
    )
    return [
        (label, endpoint)
        for label, endpoint, guards in listed
        if there(endpoint) and _reaches(caller, guards)
    ]


def _reaches(caller: Caller, guards: tuple[Guard, ...]) -> bool:
    return any(caller.allows(Asked(guard)) for guard in guards)


def there(endpoint: str) -> bool:
    """Tell whether this server has such a page."""
    return endpoint in current_app.view_functions


def _item(label: str, endpoint: str, below: str | None = None) -> Item:
    url = url_for(endpoint)
    return Item(label, url, request.path.startswith(below or url))
