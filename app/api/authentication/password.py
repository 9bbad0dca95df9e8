"""``/password/authentication`` (contract 3.3): the API's own login, by cookie and CSRF or as bearer."""

from __future__ import annotations

from flask import request

from app import edge
from app.api.auth import Answer
from app.api.auth import Unauthenticated
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.schemas.logins import PasswordLogin
from app.api.shapes.sessions import LoginShape
from app.api.shapes.sessions import login_shown
from app.services import accounts
from app.services import directory
from app.services.accounts import LoginFailed
from app.services.unit import write


@blueprint.post(f"{PREFIX}/password/authentication")
@public(answers=LoginShape, body=PasswordLogin, statuses=(200, 221))
def authenticate(body: PasswordLogin) -> Answer:
    """AuthenticationResponse and the cookie; 401 alike for every cause; 221: change the password first."""
    contact = edge.contact(request)
    domain = directory.find_domain(body.domain) if body.domain is not None else directory.home_domain()
    try:
        # An unknown domain costs and answers what an unknown user does.
        user = accounts.verify_password(domain.id if domain else 0, body.user_name, body.password, contact)
    except LoginFailed:
        raise Unauthenticated from None
    user_id, must_change = user.id, bool(user.force_password_change)
    token = write(lambda: accounts.log_in(user_id, body.password, contact))
    return Answer(login_shown(token, contact.address), status=221 if must_change else 200, cookie=token.text)
