"""``POST /oauth/authorize`` (contract 2.6):
the call itself, made by an interactive login, is the approval.
"""

from __future__ import annotations

from urllib.parse import parse_qs
from urllib.parse import urlsplit

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.oauth import authorize as requests
from app.oauth.approval import approve_from_call
from app.oauth.approval import judge_request
from app.oauth.authorization_answer import ResponseMode
from app.oauth.authorize import UnredirectableError
from app.oauth.authorize import UnsoundRequestError
from app.schemas.answers.clients import AuthorizedShape
from app.schemas.requests.authorize import AuthorizeRequest
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.login.reauthentication import require_interactive
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Refused

# The field of the body that an OAuth error refers to.
FIELDS = {
    "client_id": "clientID",
    "redirect_uri": "redirectURI",
    "unsupported_response_type": "responseType",
    "invalid_scope": "scope",
}
ONLY_QUERY = "Use query: this call answers with an address, and an address holds no form."


@blueprint.post(f"{PREFIX}/oauth/authorize")
@endpoint(answers=AuthorizedShape, body=AuthorizeRequest, statuses=(201,))
def authorize(caller: Caller, body: AuthorizeRequest) -> Answer:
    """201 with the code and the redirect address; 403 when refused; 412 when the request is invalid."""
    require_interactive(caller)
    if body.response_mode not in (None, ResponseMode.QUERY):
        raise Invalid(FieldProblem("responseMode", ONLY_QUERY, "NOT_ALLOWED"))
    try:
        asked = requests.validate_request(body.as_params())
        judged = judge_request(asked, caller)
        if not judged.decision:
            raise Refused(trail.record_refusal("authorize", caller.actor, judged.decision, judged.question))
        location = approve_from_call(asked, caller, judged).location
    except UnredirectableError as problem:
        raise Invalid(FieldProblem(FIELDS[problem.field], problem.message, "UNKNOWN")) from None
    except UnsoundRequestError as problem:
        wrong = problem.error
        field = FIELDS.get(wrong.error, "codeChallenge")
        raise Invalid(FieldProblem(field, wrong.get_error_description(), wrong.error.upper())) from None
    sent = parse_qs(urlsplit(location).query)
    code = sent.get("code", [""])[-1]  # ours is the last: a registered query may have one of its own
    return Answer(
        AuthorizedShape(authorization_code=code, redirect_uri=location, state=body.state), status=201
    )
