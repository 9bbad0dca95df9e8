"""Authlib's interface to our rows. There are no rules here:
``app.policy`` judges scopes and redirect URIs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749 import TokenMixin

from app.policy import client_methods
from app.policy import redirects
from app.policy import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence


class ArgusClientMixin(ClientMixin):  # type: ignore[misc]
    """What Authlib needs from a client, except its secret: ``oauth/client_auth.py`` authenticates clients."""

    if TYPE_CHECKING:
        id: object
        authentication_method: object
        permitted_scopes: object
        redirect_uris: object
        require_pkce: object
        require_pushed_authorization_requests: object
        dpop_bound_access_tokens: object
        fapi2_security_profile: object

    @property
    def client_id(self) -> str:
        return str(self.id)

    @property
    def is_public(self) -> bool:
        return self.authentication_method == client_methods.PUBLIC

    @property
    def must_push(self) -> bool:
        """Tell whether a request counts only if the client pushed it (RFC 9126)."""
        return bool(self.require_pushed_authorization_requests or self.fapi2_security_profile)

    @property
    def must_bind(self) -> bool:
        """Tell whether it gets only tokens that are bound to a key (RFC 9449)."""
        return bool(self.dpop_bound_access_tokens or self.fapi2_security_profile)

    @property
    def must_use_pkce(self) -> bool:
        """Tell whether the client itself is told to use PKCE; others may have to, too (``oauth/pkce.py``)."""
        return bool(self.require_pkce or self.fapi2_security_profile)

    def get_client_id(self) -> str:
        return str(self.id)

    def get_default_redirect_uri(self) -> str | None:
        """Return the only registered URI. With several, the request must name one (RFC 6749 3.1.2.3)."""
        uris = list(self.redirect_uris)  # type: ignore[call-overload]
        return str(uris[0]) if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return exactly the requested scopes that we know if all are permitted, else ``None``:
        ``invalid_scope`` (decision 5).
        """
        asked = scopes.parse_scope(scope)
        permitted = list(self.permitted_scopes)  # type: ignore[call-overload]
        granted = scopes.choose_granted(asked, permitted) if asked is not None else None
        return scopes.join_scope(granted) if granted is not None else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        registered = list(self.redirect_uris)  # type: ignore[call-overload]
        return redirects.matches(redirect_uri, registered, public_client=self.is_public)

    def check_client_secret(self, client_secret: str) -> bool:  # noqa: ARG002
        """Always false: secrets are hashed and verified elsewhere, so this method must never accept one."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return client_methods.may_use_method(method, str(self.authentication_method))

    def check_response_type(self, response_type: str) -> bool:  # noqa: ARG002
        """Always true: Authlib calls this only after a registered grant has accepted the request."""
        return True

    def check_grant_type(self, grant_type: str) -> bool:  # noqa: ARG002
        """Always true: every client may use each grant of ``oauth/grants.py``; Authlib knows no other."""
        return True


class ArgusCodeMixin(AuthorizationCodeMixin):  # type: ignore[misc]
    """What Authlib needs from an authorization code."""

    if TYPE_CHECKING:
        redirect_uri: object
        redirect_uri_given: object
        scopes: Sequence[str]
        nonce: object

    def get_redirect_uri(self) -> str | None:
        """Return the URI that must be repeated at the token endpoint:
        only one that was sent (RFC 6749 4.1.3).
        """
        return str(self.redirect_uri) if self.redirect_uri_given else None

    def get_scope(self) -> str:
        return " ".join(self.scopes)

    def get_nonce(self) -> str | None:
        return self.nonce  # type: ignore[return-value]


class ArgusTokenMixin(TokenMixin):  # type: ignore[misc]
    """What Authlib needs from an OAuth session."""

    if TYPE_CHECKING:
        client_id: object
        scopes: Sequence[str]

    def check_client(self, client: ArgusClientMixin) -> bool:
        return bool(client.get_client_id() == self.client_id)

    def get_scope(self) -> str:
        return " ".join(self.scopes)
