"""The user's own account: sessions, password, second factors, keys, activity. One file per page."""

from __future__ import annotations

from flask import Blueprint
from flask import Flask
from flask import redirect
from flask import url_for
from werkzeug.wrappers import Response

from app.web.account import activity
from app.web.account import address
from app.web.account import confirm
from app.web.account import keys
from app.web.account import passkeys
from app.web.account import password
from app.web.account import security
from app.web.account import sessions

blueprint = Blueprint("account", __name__)


@blueprint.get("/account/")
def index() -> Response:
    """Redirect to the first page of the account."""
    return redirect(url_for("sessions.index"), 303)


def register(app: Flask) -> None:
    """Register the pages of the account."""
    for part in (sessions, password, security, address, passkeys, keys, activity, confirm):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(blueprint)
