"""The operations that require proof of presence (contract 3.4, security rule 42):
one table for API and pages.

An endpoint names its operation (``@endpoint(step_up=…)``), which activates the check.
"""

from __future__ import annotations

from collections.abc import Mapping
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

    ``names`` are the variables of ``context`` that name the existing object it acts on, each enough alone.
    Without ``names`` it acts on the user's own account, or makes something new. An authorization whose
    context names nothing is bound by user, login and one use alone.

    ``identifier`` is the contract's second name. ``has_call`` is false where the contract names an operation
    whose call this product does not have: an authorization for it can be had and counts nowhere.
    """

    name: OperationName | Literal["device.know"]
    instead: str | None = None
    names: tuple[str, ...] = ()
    identifier: str | None = None
    has_call: bool = True

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields of the call that carry the proof, by wire name; one of them is sent."""
        return (self.instead, AUTHORIZATION) if self.instead else (AUTHORIZATION,)


SET_PASSWORD = Operation("password.set", instead="oldPassword", identifier="setPassword")
INITIALIZE_TOTP = Operation("totp.initialize", instead="password", identifier="initializeTOTP")
CREATE_KEY = Operation("apikey.create", instead="password")
RENEW_KEY = Operation("apikey.renew", instead="password", names=("prefix", "keyID"))
ENROL_PASSKEY = Operation("publickey.enroll", identifier="enrollPublicKey")
PRUNE_CUSTOMER = Operation("pruneCustomerData", names=("customerID",), has_call=False)
# By a mailed link only: no call of the API takes it or issues it.
KNOW_DEVICE = Operation("device.know", has_call=False)

ALL = (SET_PASSWORD, INITIALIZE_TOTP, CREATE_KEY, RENEW_KEY, ENROL_PASSKEY, PRUNE_CUSTOMER)
BY_NAME = {operation.name: operation for operation in ALL}
BY_IDENTIFIER = {operation.identifier: operation for operation in ALL if operation.identifier is not None}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of presence that was sent for one operation; not yet judged.

    ``about`` holds all names of the object that the call acts on, by variable of ``context``.
    """

    operation: Operation
    password: str | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)
    about: Mapping[str, str] = field(default_factory=dict)
