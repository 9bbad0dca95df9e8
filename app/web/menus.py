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
from app.services.access.facts import RequiredRight
from app.services.guards import Guard
from app.web import person


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One menu item; ``here`` if the page is this one or below it."""

    label: str
    url: str
    here: bool


def register(app: Flask) -> None:
    """Give every template the menus."""

    @app.context_processor
    def _menus() -> dict[str, object]:
        return {
            "main_menu": build_main_menu,
            "account_menu": build_account_menu,
            "console_menu": build_console_menu,
        }


def build_main_menu() -> list[MenuItem]:
    """Build the main menu: home, account and, for administrators, the console."""
    items = [
        MenuItem(_("My applications"), url_for("home.index"), request.path == "/"),
        _build_item(_("My account"), "account.index", "/account"),
    ]
    return items + ([_build_item(_("Console"), "console.index", "/console")] if list_sections() else [])


def build_account_menu() -> list[MenuItem]:
    """Build the menu of the account pages."""
    pages = (
        (_("Sessions"), "sessions.index"),
        (_("Security"), "security.index"),
        (_("API keys"), "keys.index"),
        (_("Activity"), "activity.index"),
    )
    return [_build_item(label, endpoint) for label, endpoint in pages if has_page(endpoint)]


def build_console_menu() -> list[MenuItem]:
    """Build the menu of the sections this administrator can use."""
    return [_build_item(label, endpoint) for label, endpoint in list_sections()]


def list_sections() -> list[tuple[str, str]]:
    """List label and endpoint of each console section in which the user could see something."""
    somebody = person.current_person()
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
        if has_page(endpoint) and _may_reach(caller, guards)
    ]


def _may_reach(caller: Caller, guards: tuple[Guard, ...]) -> bool:
    return any(caller.allows(RequiredRight(guard)) for guard in guards)


def has_page(endpoint: str) -> bool:
    """Tell whether this server has such a page."""
    return endpoint in current_app.view_functions


def _build_item(label: str, endpoint: str, below: str | None = None) -> MenuItem:
    url = url_for(endpoint)
    return MenuItem(label, url, request.path.startswith(below or url))
