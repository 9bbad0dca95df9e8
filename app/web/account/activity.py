"""Recent events of the user's own account."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for

from app.services.access.callers import Caller
from app.services.access.search import Page as Rows
from app.services.inspection import audit_search
from app.services.inspection import authentication_events
from app.web.pages import Page
from app.web.pages import require_login

blueprint = Blueprint("activity", __name__, url_prefix="/account/activity")
ROWS = 25


@blueprint.get("")
@require_login
def index(caller: Caller) -> Page:
    """List logins, changes, approvals and refusals, newest first."""
    text = request.args.get("offset", "")
    offset = int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else 0
    found = authentication_events.list_account_events(caller.user_id, Rows(ROWS, offset))

    def link(offset: int) -> str:
        return url_for("activity.index", offset=offset or None)

    clients = audit_search.load_clients(found.rows)
    return render_template("account/activity.html", found=found, clients=clients, link=link)
