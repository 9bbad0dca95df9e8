"""The device grant (RFC 8628 3.4): the device asks again and again, until its user answered in a browser.

An approval is an authorization code that nobody is shown; from there on the code grant does all: the gate,
leg REDEEM, over today's facts, the tokens, and the claim by one statement.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6749.grants import TokenEndpointMixin

from app import clock
from app.models.devices import DeviceRequest
from app.oauth.access_gate import AccessGateMixin
from app.oauth.code_grant import ArgusAuthorizationCodeGrant
from app.oauth.code_grant import CodeView
from app.oauth.errors import ArgusOAuthError
from app.oauth.refusals import refuse
from app.oauth.requests import ArgusRequest
from app.services.access import credential_rows
from app.services.tokens import devices
from app.services.unit_of_work import run_in_transaction

ACTION = "redeem"


class ArgusDeviceGrant(AccessGateMixin, BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """``authorization_pending`` and ``slow_down`` leave no trace; every other refusal has a number."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
    request: ArgusRequest

    def validate_token_request(self) -> None:
        """Authenticate the client and find its approved request. Raises ``ArgusOAuthError``."""
        self.request.client = self.authenticate_token_endpoint_client()
        if not self.request.client.allow_device_grant:
            refuse(self.request, ACTION, "unauthorized_client")
        text = self.request.form.get("device_code")
        if text is None:
            raise ArgusOAuthError("invalid_request", "The parameter device_code is missing.")
        row = devices.find_by_device_code(text)
        if row is None or row.client_id != self.request.client.id:
            refuse(self.request, ACTION, "invalid_grant", reason="device_code_unknown")
        # Before the poll counts: a proof that lacks only its nonce is sent again at once.
        self.prove_key(None)
        self._find_answer(row)

    def _find_answer(self, row: DeviceRequest) -> None:
        """Go on if somebody approved; else raise what the device does now (RFC 8628 3.5)."""
        if row.expires_at <= clock.now():
            refuse(self.request, ACTION, "expired_token")
        if not run_in_transaction(lambda: devices.take_poll(row)):
            raise ArgusOAuthError("slow_down")
        if row.answered_at is None:
            raise ArgusOAuthError("authorization_pending")
        if row.code_id is None:
            refuse(self.request, ACTION, "access_denied", "The user said no.")
        code = credential_rows.load_code_row(row.code_id)
        if code is None or code.code.spent_at is not None:
            # No replay of a thief: the device may have lost the answer. It begins anew.
            refuse(self.request, ACTION, "invalid_grant", reason="credential_spent")
        self.request.authorization_code = CodeView(code)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Redeem the code that stands for the approval."""
        redeemer = ArgusAuthorizationCodeGrant(self.request, self.server)
        user = redeemer.authenticate_user(self.request.authorization_code)
        token = redeemer.generate_token(user, "", include_refresh_token=True)
        redeemer.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER
