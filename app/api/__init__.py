"""The JSON API in Argus's format: routes, schemas, the envelope. It contains no rules of its own."""

from __future__ import annotations

from flask import Flask

from app.api import body
from app.api import currentuser as currentuser
from app.api import customeradmin as customeradmin
from app.api import docs
from app.api import errors
from app.api import preferences as preferences
from app.api import useradmin as useradmin
from app.api import users as basic_users  # noqa: F401
from app.api.authentication import apikeys as apikeys
from app.api.authentication import authorize as authorize
from app.api.authentication import clients as clients
from app.api.authentication import explain as explain
from app.api.authentication import methods as methods
from app.api.authentication import password as password
from app.api.authentication import session as session
from app.api.authentication import stepup as stepup
from app.api.authentication import totp as totp
from app.api.authentication import users as users
from app.api.authentication import webauthn as webauthn
from app.api.authentication import whatif as whatif
from app.api.blueprint import blueprint
from app.extensions import csrf

errors.register(blueprint)
blueprint.before_request(body.check_query)


def register(app: Flask) -> None:
    """Register the routes. The API checks CSRF by Argus's own header, not by a form token."""
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
