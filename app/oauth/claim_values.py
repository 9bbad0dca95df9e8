"""The value of each claim about a session's user: one function per row of ``policy.claims.CLAIMS``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

from app.models.directory import Group
from app.policy.claims import CLAIMS
from app.policy.claims import Claim
from app.policy.languages import CODES
from app.services.access import directory
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import CustomerPart
from app.services.access.credential_parts import SessionRow


class SessionUser:
    """The user of a session. What its row lacks is looked up once, when a claim needs it."""

    def __init__(self, row: SessionRow | CodeRow) -> None:
        self.row = row

    @property
    def customer(self) -> CustomerPart:
        return self.row.customer

    @property
    def phone(self) -> str | None:
        user = self.row.user
        return directory.write_phone(user.phone_country_code, user.phone_national_number) or None

    @cached_property
    def groups(self) -> list[Group]:
        return directory.list_groups(self.row.user.id)

    @property
    def group_names(self) -> list[str]:
        return [group.short_name for group in self.groups]


# ``None`` leaves a claim out.
VALUES: dict[str, Callable[[SessionUser], Any]] = {
    "preferred_username": lambda user: user.row.user.short_name,
    "username": lambda user: user.row.user.short_name,
    "name": lambda user: user.row.user.name,
    "locale": lambda user: CODES.get(user.row.user.language or ""),
    "zoneinfo": lambda user: user.customer.time_zone,
    "updated_at": lambda user: int(user.row.user.updated_at.timestamp()),
    "picture": lambda _user: None,
    "email": lambda user: user.row.user.email or None,
    "email_verified": lambda user: (
        (user.row.user.email_confirmed_at is not None) if user.row.user.email else None
    ),
    "phone": lambda user: user.phone,
    "phone_number": lambda user: user.phone,
    # Nobody ever calls it to find out.
    "phone_number_verified": lambda user: False if user.phone else None,
    "customer_id": lambda user: user.customer.id,
    "domain_id": lambda user: user.customer.domain_id,
    "customer_shortname": lambda user: user.customer.short_name,
    "customer_name": lambda user: user.customer.name,
    "client_ip": lambda user: user.row.login_ip or None,
    "groups": lambda user: user.group_names,
    "groupstring": lambda user: json.dumps(user.group_names),
}
BY_OWN_NAME: dict[str, Claim] = {claim.own: claim for claim in CLAIMS if claim.own is not None}


def resolve_own_value(own: str, user: SessionUser) -> Any:
    """Return the value that a client's own provider requests by Argus's name."""
    return VALUES[BY_OWN_NAME[own].name](user)
