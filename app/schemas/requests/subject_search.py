"""Lists and searches of users, groups, subjects and memberships (contract 4.3)."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field

from app.schemas.requests.preferences import Key
from app.schemas.requests.preferences import Value
from app.schemas.searching import MOST
from app.schemas.searching import FlagSearch
from app.schemas.searching import KeywordQuery
from app.schemas.searching import KeywordSearch
from app.schemas.searching import Match
from app.schemas.searching import Names
from app.schemas.searching import Paged
from app.schemas.searching import Search
from app.schemas.searching import SubCriterion
from app.schemas.searching import TimeSearch
from app.schemas.searching import chosen_from
from app.schemas.texts import Comment
from app.schemas.texts import Named
from app.schemas.texts import OneOf
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel
from app.services.administration import subject_fields
from app.services.administration.permission_search import MEMBERSHIP_PEOPLE
from app.services.administration.permission_search import MEMBERSHIP_TIMES
from app.services.administration.permission_search import MembershipCriteria
from app.services.administration.subject_search import HeldPermission
from app.services.administration.subject_search import PreferenceWish
from app.services.administration.subject_search import SubjectCriteria

KeywordFields = Annotated[tuple[Annotated[Named, chosen_from(subject_fields.KEYWORDS)], ...], MOST]
TimeFields = Annotated[tuple[Annotated[Named, chosen_from(subject_fields.TIMES)], ...], MOST]
PeopleFields = Annotated[tuple[Annotated[Named, chosen_from(subject_fields.PEOPLE)], ...], MOST]
Flags = Annotated[tuple[Annotated[Named, OneOf(tuple(subject_fields.FLAGS))], ...], MOST]
Parts = Annotated[tuple[Annotated[Named, chosen_from(MEMBERSHIP_PEOPLE)], ...], MOST]
MembershipTimes = Annotated[tuple[Annotated[Named, chosen_from(MEMBERSHIP_TIMES)], ...], MOST]


class SubjectList(KeywordQuery):
    """Query of a list of subjects."""

    domain: Names = ()
    subject: Names = ()
    customer: Names = ()
    keyword_field: KeywordFields = ()
    include_flag: Flags = ()
    exclude_flag: Flags = ()
    include_deleted: bool = False

    def as_criteria(self) -> SubjectCriteria:
        """Convert to the service's criteria."""
        return SubjectCriteria(
            domains=self.domain,
            subjects=self.subject,
            customers=self.customer,
            include_flags=self.include_flag,
            exclude_flags=self.exclude_flag,
            include_deleted=self.include_deleted,
            **self.as_keyword_criteria(),
        )


class Held(ArgusModel):
    """A permission the subject must hold."""

    function: Named
    customer: Named | None = None
    domain: Named | None = None


class PreferenceCriterion(ArgusModel):
    """Whether the user has the preference, with this value if one is given."""

    exists: bool = True
    value: Value | None = None


class SubjectFilters(KeywordSearch, FlagSearch, TimeSearch):
    """The filters of one criteria object."""

    keyword_field_strategy: KeywordFields | None = None
    time_field_strategy: TimeFields | None = None
    include_flags: Flags | None = None
    exclude_flags: Flags | None = None

    domain: Names | None = None
    subject: Names | None = None
    customer: Names | None = None
    ancestor: Names | None = None
    parent: Names | None = None
    permissions: Annotated[tuple[Held, ...], Field(max_length=20)] | None = None
    type: Literal["user", "group"] | None = None
    user_field_strategy: PeopleFields | None = None
    user_match_strategy: Match = "any"
    user_preferences: Annotated[dict[Key, PreferenceCriterion], Field(max_length=20)] | None = None
    include_deleted: bool = False

    def _as_filters(self) -> dict[str, Any]:
        return {
            "kind": self.type,
            "domains": self.domain or (),
            "subjects": self.subject or (),
            "customers": self.customer or (),
            "ancestors": self.ancestor or (),
            "parents": self.parent or (),
            "holdings": [
                HeldPermission(one.function, one.customer, one.domain) for one in self.permissions or ()
            ],
            "subject_fields": self.user_field_strategy or (),
            "every_subject_field": self.user_match_strategy == "all",
            "preferences": {
                key: PreferenceWish(one.value, one.exists)
                for key, one in (self.user_preferences or {}).items()
            },
            "include_deleted": self.include_deleted,
            **self.as_keyword_criteria(),
            **self.as_flag_criteria(),
            **self.as_time_criteria(),
        }


class SubjectSub(SubjectFilters, SubCriterion):
    """A sub-criterion; it can contain sub-criteria itself."""

    sub_criteria: Annotated[tuple[SubjectSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> SubjectCriteria:
        """Convert to the service's criteria."""
        sub = [one.as_criteria() for one in self.sub_criteria or ()]
        return SubjectCriteria(**self._as_filters(), **self.as_joining(), sub=sub)


class SubjectSearch(SubjectFilters, Search):
    """A search for subjects."""

    sub_criteria: Annotated[tuple[SubjectSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> SubjectCriteria:
        """Convert to the service's criteria."""
        sub = [one.as_criteria() for one in self.sub_criteria or ()]
        return SubjectCriteria(**self._as_filters(), sub=sub)


class MembershipList(Paged):
    """Query of the list of memberships."""

    subject: Names = ()
    include_deleted: bool = False

    def as_criteria(self) -> MembershipCriteria:
        """Convert to the service's criteria."""
        return MembershipCriteria(subjects=self.subject, include_deleted=self.include_deleted)


class MembershipFilters(TimeSearch):
    """The filters of one criteria object; names are looked up in ``domain``."""

    time_field_strategy: MembershipTimes | None = None
    customer: Names | None = None
    domain: Named | None = None
    subject: Names | None = None
    subject_field_strategy: Parts | None = None
    include_deleted: bool = False

    def _as_filters(self) -> dict[str, Any]:
        return {
            "customers": self.customer or (),
            "domain": self.domain,
            "subjects": self.subject or (),
            "subject_fields": self.subject_field_strategy or (),
            "include_deleted": self.include_deleted,
            **self.as_time_criteria(),
        }


class MembershipSub(MembershipFilters, SubCriterion):
    """A sub-criterion."""

    def as_criteria(self) -> MembershipCriteria:
        """Convert to the service's criteria."""
        return MembershipCriteria(**self._as_filters(), **self.as_joining())


class MembershipSearch(MembershipFilters, Search):
    """A search for memberships."""

    sub_criteria: Annotated[tuple[MembershipSub, ...], Field(max_length=20)] | None = None

    def as_criteria(self) -> MembershipCriteria:
        """Convert to the service's criteria."""
        return MembershipCriteria(
            **self._as_filters(), sub=[one.as_criteria() for one in self.sub_criteria or ()]
        )


class MembershipsRemove(QueryModel):
    """Query of the bulk removal."""

    membership_id: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None


class SubjectGroups(Paged):
    """Query of the groups of a subject."""

    include_inherited: bool = True
    sort_by: Names = ()
