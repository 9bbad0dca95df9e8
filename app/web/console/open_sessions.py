"""Sessions: every live login with its application sessions; each of them can be ended."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from app.models.directory import User
from app.services.access.callers import Caller
from app.services.inspection import session_admin
from app.web.console import listing
from app.web.console import suggestions
from app.web.form_values import FormValues
from app.web.pages import Page
from app.web.pages import redirect_with_message
from app.web.pages import require_login
from app.web.pages import run_as_caller
from app.web.words.labels import describe_ended_session

blueprint = Blueprint("open_sessions", __name__, url_prefix="/console/sessions")
FILTERS = ("user", "client")


@blueprint.get("/")
@require_login
def index(caller: Caller) -> Page:
    """List the logins of users whose sessions the caller may end; of one user, or with one application."""
    entry = FormValues({name: request.args.get(name, "").strip() for name in FILTERS})
    user, client = ("".join(listing.read_choice(caller, name)) for name in FILTERS)
    found, entry = listing.run_search(
        lambda rows: session_admin.search_open_logins(caller, user, client, rows), entry
    )
    return render_template(
        "console/sessions/list.html",
        found=found,
        link=listing.link_to_offset,
        entry=entry,
        here=caller.login_id,
        kept=_read_filters(),
        suggested={
            "subjects": suggestions.suggest_subjects(caller, User),
            "applications": suggestions.suggest_applications(caller),
        },
    )


@blueprint.post("/<session>/end")
@require_login
def end(caller: Caller, session: str) -> Page:
    """End one login with its application sessions, or one application session;
    then show the same list again.
    """
    ended = run_as_caller(caller, lambda now: session_admin.end_session(session, now))
    return redirect_with_message(describe_ended_session(ended), "open_sessions.index", **_read_filters())


def _read_filters() -> dict[str, str]:
    """Return the filters of the list, so that the same list can be shown again."""
    return {name: value for name, value in request.args.items() if name in (*FILTERS, "offset") and value}
