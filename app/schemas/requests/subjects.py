"""UserAdd, GroupAdd and memberships (contract 4.2, 4.3)."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal
from typing import Self

from pydantic import Field
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from app.schemas.common import InDomain
from app.schemas.common import Language
from app.schemas.texts import ClearableText
from app.schemas.texts import Comment
from app.schemas.texts import Email
from app.schemas.texts import FullMatch
from app.schemas.texts import LongText
from app.schemas.texts import Named
from app.schemas.texts import SubjectName
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.services.administration.users_and_groups import NewSubject

CountryCode = Annotated[str, Field(max_length=8), FullMatch(r"\+?[0-9]{1,4}")]
NationalNumber = Annotated[str, Field(max_length=32), FullMatch(r"[0-9 ]{3,20}")]


PhoneNumber = Annotated[str, Field(max_length=32), FullMatch(r"\+?[0-9 ]{3,24}")]


def check_one_phone(phone: object, phone_number: object) -> None:
    """Refuse a telephone number that is given in both forms."""
    if phone is not None and phone_number is not None:
        raise PydanticCustomError("both", "give phone or phoneNumber, not both")


class Phone(ArgusModel):
    """A telephone number in two parts."""

    country_code: CountryCode
    national_number: NationalNumber


class GroupAdd(ArgusModel):
    """A new group."""

    customer: Named
    short_name: SubjectName
    name: Text
    domain: Named | None = None
    description: LongText | None = None
    daemon_account: bool = False
    externally_managed: bool = False

    def as_new(self) -> NewSubject:
        """Convert for the service."""
        return NewSubject(self.short_name, self.name, self.customer, self.domain, self._as_fields())

    def _as_fields(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "daemon_account": self.daemon_account,
            "externally_managed": self.externally_managed,
        }


class UserAdd(GroupAdd):
    """A new user; it has no password field (contract 4.3)."""

    role: LongText | None = None
    email: Email | None = None
    phone: Phone | None = None
    phone_number: PhoneNumber | None = None
    language: Language = "english"
    notification_user: bool = False
    enable_authentication_methods: (
        frozenset[Literal["password", "signature", "sms", "totp", "apikey", "ldap"]] | None
    ) = None
    skip_default_authentication_methods: bool = False

    @model_validator(mode="after")
    def _check_one_phone(self) -> Self:
        check_one_phone(self.phone, self.phone_number)
        return self

    def _as_fields(self) -> dict[str, Any]:
        phone = self.phone
        return {
            **super()._as_fields(),
            "description": self.description or self.role,
            "email": self.email,
            "phone_country_code": phone.country_code if phone is not None else None,
            "phone_national_number": phone.national_number if phone is not None else self.phone_number,
            "language": self.language,
            "notification_user": self.notification_user,
        }


class GroupUpdate(ArgusModel):
    """Absent fields are not changed."""

    short_name: SubjectName | None = None
    name: Text | None = None
    description: ClearableText | None = None
    daemon_account: bool | None = None
    externally_managed: bool | None = None

    def as_changes(self) -> dict[str, Any]:
        """Return the columns that were sent; blank clears a column, null changes nothing."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value or None if value == "" else value for name, value in sent.items() if value is not None
        }


class UserUpdate(GroupUpdate):
    """Absent fields are not changed."""

    role: ClearableText | None = None
    email: Email | Literal[""] | None = None
    phone: Phone | None = None
    phone_number: PhoneNumber | Literal[""] | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _check_one_phone(self) -> Self:
        check_one_phone(self.phone, self.phone_number)
        return self

    def as_changes(self) -> dict[str, Any]:
        """As for a group, with the telephone number in its two columns."""
        changes = super().as_changes()
        role = changes.pop("role", ...)
        if role is not ...:
            changes.setdefault("description", role)
        if changes.pop("phone", None) is not None and self.phone is not None:
            changes["phone_country_code"] = self.phone.country_code
            changes["phone_national_number"] = self.phone.national_number
        if "phone_number" in changes:
            changes["phone_country_code"] = None
            changes["phone_national_number"] = changes.pop("phone_number")
        return changes


class GroupsAdd(ArgusModel):
    """Groups to put a subject into."""

    parent_groups: Annotated[tuple[Named, ...], Field(min_length=1, max_length=100)]
    comment: Comment | None = None


class MembersAdd(ArgusModel):
    """Subjects to put into a group."""

    subject: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None


class MembersRemove(InDomain):
    """Query of the removal; ``subject`` may be repeated."""

    subject: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None
