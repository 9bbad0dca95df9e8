"""The operations that require proof of presence (contract 3.4, security rule 42):
one table for API and pages.

An endpoint names its operation (``@endpoint(step_up=…)``), which activates the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Literal

OperationName = Literal[
    "password.set",
    "totp.initialize",
    "apikey.create",
    "apikey.renew",
    "publickey.enroll",
    "pruneCustomerData",
]
AUTHORIZATION = "authorization"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``instead`` is the field for the password, as an alternative to an authorization.

    ``identifier`` is the contract's second name. ``has_call`` is false where the contract names an operation
    whose call this product does not have: an authorization for it can be had and counts nowhere.
    """

    name: OperationName
    instead: str | None = None
    identifier: str | None = None
    has_call: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields of the call that carry the proof, by wire name; one of them is sent."""
        return (self.instead, AUTHORIZATION) if self.instead else (AUTHORIZATION,)


SET_PASSWORD = Operation("password.set", instead="oldPassword", identifier="setPassword")
INITIALIZE_TOTP = Operation("totp.initialize", instead="password", identifier="initializeTOTP")
CREATE_KEY = Operation("apikey.create", instead="password")
RENEW_KEY = Operation("apikey.renew", instead="password")
ENROL_PASSKEY = Operation("publickey.enroll", identifier="enrollPublicKey")
PRUNE_CUSTOMER = Operation("pruneCustomerData", has_call=False)

ALL = (SET_PASSWORD, INITIALIZE_TOTP, CREATE_KEY, RENEW_KEY, ENROL_PASSKEY, PRUNE_CUSTOMER)
BY_NAME = {operation.name: operation for operation in ALL}
BY_IDENTIFIER = {operation.identifier: operation for operation in ALL if operation.identifier is not None}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of presence that was sent for one operation; not yet judged."""

    operation: Operation
    password: str | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)
