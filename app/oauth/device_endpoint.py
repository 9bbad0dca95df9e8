"""Device authorization (RFC 8628 3.1): a device asks for a code that its user types in a browser."""

from __future__ import annotations

from flask import Response

from app.oauth.refusals import refuse
from app.oauth.requests import ArgusRequest
from app.oauth.server import build_response
from app.oauth.server import oauth_server
from app.policy import network
from app.policy.client_methods import METHOD_NAMES
from app.runtime import settings
from app.services.tokens import devices
from app.services.unit_of_work import run_in_transaction

ENDPOINT = "device_authorization"
JSON = (("Content-Type", "application/json"),)
PAGE = "/device"
NOT_PERMITTED = "The client may not use the device grant."


def answer_device_authorization(request: ArgusRequest) -> Response:
    """Authenticate the client, check its scopes, and answer both codes. Raises ``ArgusOAuthError``."""
    server = oauth_server()
    client = request.client = server.authenticate_client(request, METHOD_NAMES, ENDPOINT)
    if not client.allow_device_grant:
        refuse(request, "device", "unauthorized_client", NOT_PERMITTED)
    scope = client.get_allowed_scope(request.payload.scope)
    if scope is None:
        refuse(request, "device", "invalid_scope")
    origin = network.name_network(request.contact.address)
    codes = run_in_transaction(lambda: devices.begin(client.id, tuple(scope.split()), origin))
    shown, page = devices.show(codes.user_code), settings().base_url + PAGE
    answer = {
        "device_code": codes.device_code,
        "user_code": shown,
        "verification_uri": page,
        # It fills in the code and no more: whoever opens it is asked all the same (RFC 8628 3.3.1, 5.4).
        "verification_uri_complete": f"{page}?user_code={shown}",
        "expires_in": int(devices.LIFE.total_seconds()),
        "interval": devices.INTERVAL_SECONDS,
    }
    return build_response(200, answer, JSON)
