"""Bodies of passkeys (contract 3.8). Binary fields are base64 in either alphabet, padded or not."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic import Field
from pydantic_core import PydanticCustomError

from app.schemas.requests.logins import Authorization
from app.schemas.requests.logins import DomainName
from app.schemas.requests.logins import Password
from app.schemas.requests.logins import Requested
from app.schemas.requests.logins import UserName
from app.schemas.requests.stepup import Authorizing
from app.schemas.texts import FullMatch
from app.schemas.texts import Named
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_enrolment import DEFAULT_DAYS
from app.services.login.passkey_enrolment import Attestation

BASE64 = r"[A-Za-z0-9+/_\-]+={0,2}"
STANDARD = str.maketrans("-_", "+/")


def decode_binary(text: str) -> bytes:
    """Decode a binary field. Raises ``ValueError``."""
    plain = re.sub("=+$", "", text).translate(STANDARD)
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _check_decodable(text: str) -> str:
    try:
        decode_binary(text)
    except binascii.Error:
        raise PydanticCustomError("pattern", "is no base64") from None
    return text


Binary = Annotated[
    str, Field(min_length=2, max_length=20_000), FullMatch(BASE64), AfterValidator(_check_decodable)
]
# The id of a passkey has at most 1023 bytes (WebAuthn 4).
KeyName = Annotated[
    str, Field(min_length=2, max_length=1368), FullMatch(BASE64), AfterValidator(_check_decodable)
]
ChallengeID = Annotated[str, Field(min_length=1, max_length=36)]


class ChallengeRequest(ArgusModel):
    """The user who wants to log in; the password is required before a passkey is named."""

    user_name: UserName
    domain: DomainName | None = None
    password: Password


class ChallengeQuery(QueryModel):
    """The deprecated form, without a password."""

    user_name: Named
    domain: Named | None = None


class Signed(ArgusModel):
    """What the browser returns from ``navigator.credentials.get``."""

    challenge_id: ChallengeID
    webauthn_key_id: KeyName
    authenticator_data: Binary
    client_data: Binary
    signature: Binary

    @property
    def assertion(self) -> Assertion:
        return Assertion(
            challenge_id=self.challenge_id,
            key_id=decode_binary(self.webauthn_key_id),
            authenticator_data=decode_binary(self.authenticator_data),
            client_data=decode_binary(self.client_data),
            signature=decode_binary(self.signature),
        )


class WebAuthnLogin(Signed):
    """Login by passkey."""

    user_name: UserName
    domain: DomainName | None = None
    requested_authorizations: Requested | None = None


class PasskeyLogin(Signed):
    """Login by passkey in a browser; without a user name the authenticator names the user."""

    user_handle: Binary | None = None


class WebAuthnAuthorize(Signed, Authorizing):
    """Proof of presence by passkey."""


class WebAuthnEnrol(ArgusModel):
    """What the browser returns from ``navigator.credentials.create``; note ``webAuthnKeyID``.

    ``description`` is our addition: the owner's name for this passkey.
    """

    authorization: Authorization
    challenge_id: ChallengeID
    web_authn_key_id: KeyName
    attestation_object: Binary
    client_data: Binary
    valid_days: Annotated[int, Field(ge=1, le=365)] = DEFAULT_DAYS
    valid_sources: tuple[str, ...] | None = None
    description: Text = "Passkey"

    @property
    def attestation(self) -> Attestation:
        return Attestation(
            challenge_id=self.challenge_id,
            key_id=decode_binary(self.web_authn_key_id),
            attestation_object=decode_binary(self.attestation_object),
            client_data=decode_binary(self.client_data),
            days=self.valid_days,
            sources=self.valid_sources,
            description=self.description,
        )
