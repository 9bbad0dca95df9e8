"""CustomerAdd (contract 4.5)."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.api.messages import ShortName
from app.api.messages import Text
from app.api.messages import full_match
from app.api.schemas.common import Language
from app.api.schemas.common import Named
from app.api.wire import ArgusModel
from app.services.customers import NewCustomer


class CustomerAdd(ArgusModel):
    """A new customer."""

    name: Text
    parent: Named
    short_name: ShortName
    domain: Named | None = None
    type: Literal["leaf", "group"] = "leaf"
    language: Language = "english"
    time_zone: Annotated[str, Field(max_length=64), full_match(r"[A-Za-z0-9_+\-/]+")] = "Europe/Oslo"
    exclude_from_production: bool = False
    network_base_customer: bool = False
    single_network_domain: bool = False

    def as_new(self) -> NewCustomer:
        """What the service takes."""
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
