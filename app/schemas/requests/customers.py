"""CustomerAdd (contract 4.5)."""

from __future__ import annotations

import functools
import zoneinfo
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import AfterValidator
from pydantic import Field
from pydantic_core import PydanticCustomError

from app.schemas.common import Language
from app.schemas.texts import FullMatch
from app.schemas.texts import Named
from app.schemas.texts import ShortName
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.services.administration.customers import NewCustomer


@functools.cache
def _load_time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _check_time_zone(name: str) -> str:
    known = _load_time_zones()
    # A system without time zone data knows no zones; then no name can be refused.
    if known and name not in known:
        raise PydanticCustomError("time_zone", "is no time zone")
    return name


TimeZone = Annotated[
    str, Field(max_length=64), FullMatch(r"[A-Za-z0-9_+\-/]+"), AfterValidator(_check_time_zone)
]
# These fields of an update are flags in the stored list.
SWITCHES = {
    "exclude_from_production": "excludeFromProduction",
    "allow_global_data": "allowGlobalData",
    "deny_submit_for_anonymous_user": "denySubmitForAnonymousUser",
    "data_deleted": "customerDataDeleted",
    "network_base_customer": "networkBaseCustomer",
    "single_network_domain": "singleNetworkDomain",
}


class CustomerUpdate(ArgusModel):
    """Absent fields are not changed."""

    name: Text | None = None
    short_name: ShortName | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None
    exclude_from_production: bool | None = None
    allow_global_data: bool | None = None
    deny_submit_for_anonymous_user: bool | None = None
    data_deleted: bool | None = None
    network_base_customer: bool | None = None
    single_network_domain: bool | None = None

    def as_changes(self) -> dict[str, Any]:
        """Return the columns that were sent; null changes nothing."""
        sent = {n: value for n in self.model_fields_set if (value := getattr(self, n)) is not None}
        flags = {SWITCHES[name]: sent.pop(name) for name in list(sent) if name in SWITCHES}
        return sent | ({"flags": flags} if flags else {})


class CustomerMove(ArgusModel):
    """The customer to move to."""

    parent: Named


class CustomerAdd(ArgusModel):
    """A new customer."""

    name: Text
    parent: Named
    short_name: ShortName
    domain: Named | None = None
    type: Literal["leaf", "group"] = "leaf"
    language: Language = "english"
    time_zone: TimeZone = "Europe/Oslo"
    exclude_from_production: bool = False
    network_base_customer: bool = False
    single_network_domain: bool = False

    def as_new(self) -> NewCustomer:
        """Convert for the service."""
        chosen = {
            "excludeFromProduction": self.exclude_from_production,
            "networkBaseCustomer": self.network_base_customer,
            "singleNetworkDomain": self.single_network_domain,
        }
        return NewCustomer(
            short_name=self.short_name,
            name=self.name,
            parent=self.parent,
            domain=self.domain,
            type=self.type,
            language=self.language,
            time_zone=self.time_zone,
            flags=tuple(name for name, is_set in chosen.items() if is_set),
        )
