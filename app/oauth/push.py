"""Pushed authorization requests (RFC 9126): the client sends its request itself, and the browser only what
stands for it.

The request is judged as the browser's would be, by ``authorize.validate_request``, when it is pushed and
again when it arrives.
"""

from __future__ import annotations

from flask import Response

from app.oauth import dpop
from app.oauth import request_checks
from app.oauth.authorize import OURS
from app.oauth.authorize import UnredirectableError
from app.oauth.authorize import UnsoundRequestError
from app.oauth.authorize import validate_request
from app.oauth.refusals import refuse
from app.oauth.requests import ArgusRequest
from app.oauth.server import build_response
from app.oauth.server import oauth_server
from app.policy.client_methods import METHOD_NAMES
from app.policy.client_methods import METHOD_PARAMETERS
from app.services.tokens import pushed_requests

ENDPOINT = "pushed_authorization_request"
JSON = (("Content-Type", "application/json"),)
NOT_HERE = "The parameter request_uri is what this endpoint answers."
TOO_LONG = "The request is too long."


def answer_push(request: ArgusRequest) -> Response:
    """Authenticate the client, judge its request, and answer a ``request_uri`` that only this client can use,
    for 90 seconds (RFC 9126 2). Raises ``ArgusOAuthError``, ``ProtocolError``, ``Throttled``.
    """
    server = oauth_server()
    client = request.client = server.authenticate_client(request, METHOD_NAMES, ENDPOINT)
    if "request_uri" in request.form:
        refuse(request, "push", "invalid_request", NOT_HERE)
    others = {*METHOD_PARAMETERS, *OURS}
    params = {name: value for name, value in request.form.items() if name not in others}
    params["client_id"] = client.id
    request_checks.check_lengths(params)
    params |= _bind_to_key(request, params.get("dpop_jkt"))
    try:
        asked = validate_request(params, pushing=True)
    except UnredirectableError as problem:
        refuse(request, "push", "invalid_request", problem.message)
    except UnsoundRequestError as problem:
        refuse(request, "push", problem.error.error, problem.error.description)
    request_uri = pushed_requests.seal_request(client.id, asked.params)
    if request_uri is None:
        refuse(request, "push", "invalid_request", TOO_LONG, status=413)
    answer = {"request_uri": request_uri, "expires_in": pushed_requests.LIFE_SECONDS}
    return build_response(201, answer, JSON)


def _bind_to_key(request: ArgusRequest, named: str | None) -> dict[str, str]:
    """Bind the request to the key whose proof came with it, as ``dpop_jkt`` would (RFC 9449 10.1)."""
    proof = dpop.judge(request, key=named if request.proof is not None else None)
    if proof is None:
        return {}
    # Without a secret anybody may push, and name a key without any proof: nothing is kept for them.
    if not request.client.is_public:
        dpop.spend(request, proof)
    return {"dpop_jkt": proof.thumbprint}
