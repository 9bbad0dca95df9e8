"""Lists and searches of customers and clients (contract 2.4, 4.5)."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field

from app.schemas.common import InDomain
from app.schemas.searching import MOST
from app.schemas.searching import FlagSearch
from app.schemas.searching import KeywordSearch
from app.schemas.searching import Names
from app.schemas.searching import Search
from app.schemas.searching import Sorted
from app.schemas.searching import SubCriterion
from app.schemas.searching import chosen_from
from app.schemas.texts import Named
from app.schemas.texts import OneOf
from app.services.administration import customer_search
from app.services.administration.customer_search import CustomerCriteria
from app.services.clients import client_search
from app.services.clients.client_search import ClientCriteria

CustomerType = Literal["group", "leaf"]
KeywordFields = Annotated[tuple[Annotated[Named, chosen_from(customer_search.KEYWORDS)], ...], MOST]
Flags = Annotated[tuple[Annotated[Named, OneOf(tuple(customer_search.FLAGS))], ...], MOST]
ClientKeywordFields = Annotated[tuple[Annotated[Named, chosen_from(client_search.KEYWORDS)], ...], MOST]
ClientFlags = Annotated[tuple[Annotated[Named, OneOf(tuple(client_search.FLAGS))], ...], MOST]


class CustomerList(Sorted):
    """Query of the customer list. Customer properties are not stored; requesting them has no effect."""

    parent: Names = ()
    keywords: Names = ()
    include_properties: Names = ()
    include_properties_with_prefix: Names = ()

    def as_criteria(self) -> CustomerCriteria:
        """Convert to the service's criteria."""
        return CustomerCriteria(parents=self.parent, keywords=self.keywords)


class BasicCustomerQuery(InDomain):
    """Query of one customer. Customer properties are not stored; requesting them has no effect."""

    include_properties: Names = ()
    include_properties_with_prefix: Names = ()


class CustomerFilters(KeywordSearch, FlagSearch):
    """The filters of one criteria object."""

    keyword_field_strategy: KeywordFields | None = None
    include_flags: Flags | None = None
    exclude_flags: Flags | None = None

    customer: Names | None = None
    parent: Names | None = None
    ancestor: Names | None = None
    domain: Names | None = None
    type: Annotated[tuple[CustomerType, ...], Field(max_length=2)] | None = None
    include_deleted: bool = False

    def _as_filters(self) -> dict[str, Any]:
        return {
            "customers": self.customer or (),
            "parents": self.parent or (),
            "ancestors": self.ancestor or (),
            "domains": self.domain or (),
            "types": self.type or (),
            "include_deleted": self.include_deleted,
            **self.as_keyword_criteria(),
            **self.as_flag_criteria(),
        }


class CustomerSub(CustomerFilters, SubCriterion):
    """A sub-criterion."""

    def as_criteria(self) -> CustomerCriteria:
        """Convert to the service's criteria."""
        return CustomerCriteria(**self._as_filters(), **self.as_joining())


class CustomerSearch(CustomerFilters, Search):
    """A search for customers."""

    sub_criteria: Annotated[tuple[CustomerSub, ...], Field(max_length=20)] | None = None
    include_properties: Names | None = None
    include_properties_with_prefix: Names | None = None

    def as_criteria(self) -> CustomerCriteria:
        """Convert to the service's criteria."""
        return CustomerCriteria(
            **self._as_filters(), sub=[one.as_criteria() for one in self.sub_criteria or ()]
        )


class ClientList(Sorted):
    """Query of the list of clients."""

    customer: Names = ()
    domain: Names = ()
    keywords: Names = ()

    def as_criteria(self) -> ClientCriteria:
        """Convert to the service's criteria."""
        return ClientCriteria(customers=self.customer, domains=self.domain, keywords=self.keywords)


class ClientFilters(KeywordSearch, FlagSearch):
    """The filters of one criteria object."""

    keyword_field_strategy: ClientKeywordFields | None = None
    include_flags: ClientFlags | None = None
    exclude_flags: ClientFlags | None = None

    customer: Names | None = None
    domain: Names | None = None
    required_function: Names | None = None

    def _as_filters(self) -> dict[str, Any]:
        return {
            "customers": self.customer or (),
            "domains": self.domain or (),
            "required_functions": self.required_function or (),
            **self.as_keyword_criteria(),
            **self.as_flag_criteria(),
        }


class ClientSub(ClientFilters, SubCriterion):
    """A sub-criterion."""

    def as_criteria(self) -> ClientCriteria:
        """Convert to the service's criteria."""
        return ClientCriteria(**self._as_filters(), **self.as_joining())


class ClientSearch(ClientFilters, Search):
    """A search for clients."""

    sub_criteria: Annotated[tuple[ClientSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> ClientCriteria:
        """Convert to the service's criteria."""
        return ClientCriteria(
            **self._as_filters(), sub=[one.as_criteria() for one in self.sub_criteria or ()]
        )
