"""Pages for administrators: the JSON API for people, with the same services and no rules of their own."""

from __future__ import annotations

from flask import Blueprint
from flask import Flask
from flask import redirect
from flask import url_for

from app.services.access.callers import Caller
from app.services.problems import Missing
from app.web.console import auditlog
from app.web.console import client_form
from app.web.console import clients
from app.web.console import customers
from app.web.console import explain
from app.web.console import functions
from app.web.console import groups
from app.web.console import open_sessions
from app.web.console import permissions
from app.web.console import user_access
from app.web.console import user_groups
from app.web.console import user_keys
from app.web.console import users
from app.web.menus import list_sections
from app.web.pages import Page
from app.web.pages import require_login

blueprint = Blueprint("console", __name__)
SECTIONS = (
    clients,
    client_form,
    users,
    user_access,
    user_groups,
    user_keys,
    groups,
    functions,
    customers,
    permissions,
    open_sessions,
    auditlog,
    explain,
)


@blueprint.get("/console/")
@require_login
def index(caller: Caller) -> Page:  # noqa: ARG001
    """Redirect to the first section this administrator can use; 404 for everybody else."""
    usable = list_sections()
    if not usable:
        raise Missing("console")
    return redirect(url_for(usable[0][1]), 303)


def register(app: Flask) -> None:
    """Register the pages of the console."""
    for section in SECTIONS:
        app.register_blueprint(section.blueprint)
    app.register_blueprint(blueprint)
