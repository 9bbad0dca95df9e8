"""``/password/authentication`` (contract 3.3): the API's own login, by cookie and CSRF or as bearer."""

from __future__ import annotations

from typing import Any

from flask import request

from app import edge
from app.api import csrf
from app.api.auth import Answer
from app.api.auth import Unauthenticated
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.schemas.logins import PasswordLogin
from app.services import accounts
from app.services import directory
from app.services.accounts import LoginFailed
from app.services.tokens import Token
from app.services.unit import write


@blueprint.post(f"{PREFIX}/password/authentication")
@public
def authenticate() -> Answer:
    """AuthenticationResponse and the cookie; 401 alike for every cause; 221: change the password first."""
    asked = read_body(PasswordLogin)
    contact = edge.contact(request)
    domain = directory.find_domain(asked.domain) if asked.domain is not None else directory.home_domain()
    try:
        # An unknown domain costs and answers what an unknown user does.
        user = accounts.verify_password(domain.id if domain else 0, asked.user_name, asked.password, contact)
    except LoginFailed:
        raise Unauthenticated from None
    user_id, must_change = user.id, bool(user.force_password_change)
    token = write(lambda: accounts.log_in(user_id, asked.password, contact))
    return Answer(_response(token, contact.address), status=221 if must_change else 200, cookie=token.text)


def _response(token: Token, address: str | None) -> dict[str, Any]:
    return {
        "credentials": {
            "requestCredentialsType": "sessionToken",
            "requestCredentialsData": token.text,
            "clientIP": address or "",
            "forwardedIP": None,
            "uri": None,
        },
        "sessionKey": csrf.session_key(token.text),
        "authorizations": [],
    }
