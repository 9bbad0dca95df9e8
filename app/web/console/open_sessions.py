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
from app.web.entries import Entry
from app.web.pages import Page
from app.web.pages import acting
from app.web.pages import done
from app.web.pages import page
from app.web.words.labels import ended_words

blueprint = Blueprint("open_sessions", __name__, url_prefix="/console/sessions")
FILTERS = ("user", "client")


@blueprint.get("/")
@page
def index(caller: Caller) -> Page:
    """List the logins of users whose sessions the caller may end; of one user, or with one application."""
    entry = Entry({name: request.args.get(name, "").strip() for name in FILTERS})
    user, client = ("".join(listing.chosen(name)) for name in FILTERS)
    found, entry = listing.searched(lambda rows: session_admin.open_logins(caller, user, client, rows), entry)
    return render_template(
        "console/sessions/list.html",
        found=found,
        link=listing.link,
        entry=entry,
        here=caller.login_id,
        kept=_kept(),
        suggested={
            "subjects": suggestions.subjects(caller, User),
            "applications": suggestions.applications(caller),
        },
    )


@blueprint.post("/<session>/end")
@page
def end(caller: Caller, session: str) -> Page:
    """End one login with its application sessions, or one application session;
    then show the same list again.
    """
    ended = acting(caller, lambda now: session_admin.evict(session, now))
    return done(ended_words(ended), "open_sessions.index", **_kept())


def _kept() -> dict[str, str]:
    """Return the filters of the list, so that the same list can be shown again."""
    return {name: value for name, value in request.args.items() if name in (*FILTERS, "offset") and value}
