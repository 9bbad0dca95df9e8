"""Lists and searches of functions, edges and permissions (contract 4.4)."""

from __future__ import annotations

from typing import Annotated
from typing import Any

from pydantic import Field

from app.schemas.common import LEVELS
from app.schemas.common import InDomain
from app.schemas.common import Level
from app.schemas.searching import MOST
from app.schemas.searching import FlagSearch
from app.schemas.searching import KeywordQuery
from app.schemas.searching import KeywordSearch
from app.schemas.searching import Match
from app.schemas.searching import Names
from app.schemas.searching import Paged
from app.schemas.searching import Search
from app.schemas.searching import Sorted
from app.schemas.searching import SubCriterion
from app.schemas.searching import TimeSearch
from app.schemas.searching import chosen_from
from app.schemas.texts import Named
from app.schemas.texts import OneOf
from app.schemas.wire import ArgusModel
from app.services.administration import function_search
from app.services.administration import permission_search
from app.services.administration.function_search import EdgeCriteria
from app.services.administration.function_search import FunctionCriteria
from app.services.administration.permission_search import FilterReach
from app.services.administration.permission_search import PermissionCriteria

KeywordFields = Annotated[tuple[Annotated[Named, chosen_from(function_search.KEYWORDS)], ...], MOST]
Flags = Annotated[tuple[Annotated[Named, OneOf(tuple(function_search.FLAGS))], ...], MOST]
PermissionKeywordFields = Annotated[
    tuple[Annotated[Named, chosen_from(permission_search.KEYWORDS)], ...], MOST
]
PermissionTimes = Annotated[tuple[Annotated[Named, chosen_from(permission_search.TIMES)], ...], MOST]


class FunctionList(KeywordQuery):
    """Query of the list of functions."""

    function: Names = ()
    ancestor: Names = ()
    descendant: Names = ()
    minimum_security_level: Level | None = None
    keyword_field: KeywordFields = ()
    include_flag: Flags = ()
    exclude_flag: Flags = ()
    include_deleted: bool = False

    def as_criteria(self) -> FunctionCriteria:
        """Convert to the service's criteria."""
        return FunctionCriteria(
            functions=self.function,
            ancestors=self.ancestor,
            descendants=self.descendant,
            level=_parse_level(self.minimum_security_level),
            include_flags=self.include_flag,
            exclude_flags=self.exclude_flag,
            include_deleted=self.include_deleted,
            **self.as_keyword_criteria(),
        )


class BasicFunctionList(Sorted):
    """Query of the reduced list."""

    function: Names = ()
    include_flag: Flags = ()
    exclude_flag: Flags = ()
    keywords: Names = ()
    keyword_match: Match = "all"
    keyword_field: KeywordFields = ()

    def as_criteria(self) -> FunctionCriteria:
        """Convert to the service's criteria."""
        return FunctionCriteria(
            functions=self.function,
            include_flags=self.include_flag,
            exclude_flags=self.exclude_flag,
            keywords=self.keywords,
            any_keyword=self.keyword_match == "any",
            keyword_fields=self.keyword_field,
        )


class FunctionFilters(KeywordSearch, FlagSearch):
    """The filters of one criteria object."""

    keyword_field_strategy: KeywordFields | None = None
    include_flags: Flags | None = None
    exclude_flags: Flags | None = None

    function: Names | None = None
    ancestors: Names | None = None
    descendants: Names | None = None
    minimum_security_level: Level | None = None
    include_deleted: bool = False
    require_permission: bool | None = None

    def _as_filters(self) -> dict[str, Any]:
        return {
            "functions": self.function or (),
            "ancestors": self.ancestors or (),
            "descendants": self.descendants or (),
            "level": _parse_level(self.minimum_security_level),
            "include_deleted": self.include_deleted,
            "held": bool(self.require_permission),
            **self.as_keyword_criteria(),
            **self.as_flag_criteria(),
        }


class FunctionSub(FunctionFilters, SubCriterion):
    """A sub-criterion."""

    def as_criteria(self) -> FunctionCriteria:
        """Convert to the service's criteria."""
        return FunctionCriteria(**self._as_filters(), **self.as_joining())


class FunctionSearch(FunctionFilters, Search):
    """A search for functions."""

    sub_criteria: Annotated[tuple[FunctionSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> FunctionCriteria:
        """Convert to the service's criteria."""
        return FunctionCriteria(
            **self._as_filters(), sub=[one.as_criteria() for one in self.sub_criteria or ()]
        )


class MappingList(Sorted):
    """Query of the list of edges."""

    parent: Names = ()
    child: Names = ()
    include_deleted: bool = False

    def as_criteria(self) -> EdgeCriteria:
        """Convert to the service's criteria."""
        return EdgeCriteria(self.parent, self.child, self.include_deleted)


class MappingSearch(Search):
    """A search for edges."""

    parent: Names | None = None
    child: Names | None = None
    include_deleted: bool = False

    def as_criteria(self) -> EdgeCriteria:
        """Convert to the service's criteria."""
        return EdgeCriteria(self.parent or (), self.child or (), self.include_deleted)


class Surroundings(ArgusModel):
    """Whether each filter also matches ancestors and descendants of what it names."""

    include_subject_ascendants: bool = True
    include_subject_descendants: bool = True
    include_customer_ascendants: bool = True
    include_customer_descendants: bool = True
    include_function_ascendants: bool = True
    include_function_descendants: bool = True

    def as_around_criteria(self) -> dict[str, Any]:
        """Convert this part to the service's criteria."""
        return {
            "around_subjects": FilterReach(self.include_subject_ascendants, self.include_subject_descendants),
            "around_customers": FilterReach(
                self.include_customer_ascendants, self.include_customer_descendants
            ),
            "around_functions": FilterReach(
                self.include_function_ascendants, self.include_function_descendants
            ),
        }


class PermissionList(Surroundings, Paged):
    """Query of the permission list; each filter can also match ancestors and descendants."""

    domain: Named | None = None
    subject: Names = ()
    customer: Names = ()
    function: Names = ()
    keywords: Names = ()
    keyword_match: Match = "all"
    keyword_field: PermissionKeywordFields = ()
    include_deleted: bool = False

    def as_criteria(self) -> PermissionCriteria:
        """Convert to the service's criteria."""
        return PermissionCriteria(
            domain=self.domain,
            subjects=self.subject,
            customers=self.customer,
            functions=self.function,
            **self.as_around_criteria(),
            keywords=self.keywords,
            any_keyword=self.keyword_match == "any",
            keyword_fields=self.keyword_field,
            include_deleted=self.include_deleted,
        )


class PermissionFilters(Surroundings, KeywordSearch, TimeSearch):
    """The filters of one criteria object."""

    keyword_field_strategy: PermissionKeywordFields | None = None
    time_field_strategy: PermissionTimes | None = None
    domain: Named | None = None
    subject: Names | None = None
    customer: Names | None = None
    function: Names | None = None
    include_deleted: bool = False

    def _as_filters(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "subjects": self.subject or (),
            "customers": self.customer or (),
            "functions": self.function or (),
            **self.as_around_criteria(),
            "include_deleted": self.include_deleted,
            **self.as_keyword_criteria(),
            **self.as_time_criteria(),
        }


class PermissionSub(PermissionFilters, SubCriterion):
    """A sub-criterion."""

    def as_criteria(self) -> PermissionCriteria:
        """Convert to the service's criteria."""
        return PermissionCriteria(**self._as_filters(), **self.as_joining())


class PermissionSearch(PermissionFilters, Search):
    """A search for permissions."""

    sub_criteria: Annotated[tuple[PermissionSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> PermissionCriteria:
        """Convert to the service's criteria."""
        return PermissionCriteria(
            **self._as_filters(), sub=[one.as_criteria() for one in self.sub_criteria or ()]
        )


class HeldQuery(InDomain, Paged):
    """Query of the permissions granted to one subject."""

    include_deleted: bool = False
    include_inherited: bool = True


def _parse_level(name: Level | None) -> int | None:
    return int(LEVELS[name]) if name is not None else None
