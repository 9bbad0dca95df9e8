"""``/``: the person's applications, and what was given to them."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from app.policy import scopes
from app.services import clients
from app.services import grants
from app.services.problems import Missing
from app.services.unit import write
from app.web import person
from app.web.errors import error_page

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> Response | str:
    """My applications: those the decision allows, and the consents that stand."""
    somebody = person.present()
    if somebody is None:
        return redirect(url_for("login.login") + "?" + urlencode({"next": "/"}), 303)
    consents = [
        {
            "id": grant.id,
            "name": client.name,
            "since": grant.created_at.strftime("%d %B %Y"),
            "scopes": [scopes.in_words(scope) for scope in grant.scopes],
        }
        for grant, client in grants.given_by(somebody.caller.user_id)
    ]
    applications = clients.usable(somebody.caller)
    return render_template("home.html", applications=applications, consents=consents)


@blueprint.post("/consents/<grant_id>/withdraw")
def withdraw(grant_id: str) -> Response | tuple[str, int]:
    """Take a consent back; whatever hangs on it is refused at its next use."""
    somebody = person.present()
    if somebody is None:
        return redirect(url_for("login.login") + "?" + urlencode({"next": "/"}), 303)
    caller = somebody.caller
    try:
        write(lambda: grants.withdraw(grant_id, caller.user_id, caller.actor))
    except Missing:
        return error_page("Already withdrawn", "This approval does not stand any more.", 404)
    flash("Withdrawn. The application can no longer act for you.")
    return redirect(url_for("home.index"), 303)
