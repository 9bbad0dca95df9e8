"""UserAdd, GroupAdd and memberships (contract 4.2, 4.3)."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal
from typing import Self

from pydantic import Field
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from app.api.messages import LongText
from app.api.messages import SubjectName
from app.api.messages import Text
from app.api.messages import full_match
from app.api.schemas.common import Comment
from app.api.schemas.common import Email
from app.api.schemas.common import InDomain
from app.api.schemas.common import Language
from app.api.schemas.common import Named
from app.api.wire import ArgusModel
from app.services.people import NewSubject

CountryCode = Annotated[str, Field(max_length=8), full_match(r"\+?[0-9]{1,4}")]
NationalNumber = Annotated[str, Field(max_length=32), full_match(r"[0-9 ]{3,20}")]


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
        """What the service takes."""
        return NewSubject(self.short_name, self.name, self.customer, self.domain, self._fields())

    def _fields(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "daemon_account": self.daemon_account,
            "externally_managed": self.externally_managed,
        }


class UserAdd(GroupAdd):
    """A new user; a password is no part of it (contract 4.3)."""

    role: LongText | None = None
    email: Email | None = None
    phone: Phone | None = None
    phone_number: Annotated[str, Field(max_length=32), full_match(r"\+?[0-9 ]{3,24}")] | None = None
    language: Language = "english"
    notification_user: bool = False
    enable_authentication_methods: (
        frozenset[Literal["password", "signature", "sms", "totp", "apikey", "ldap"]] | None
    ) = None
    skip_default_authentication_methods: bool = False

    @model_validator(mode="after")
    def _one_phone(self) -> Self:
        if self.phone is not None and self.phone_number is not None:
            raise PydanticCustomError("both", "give phone or phoneNumber, not both")
        return self

    def _fields(self) -> dict[str, Any]:
        phone = self.phone
        return {
            **super()._fields(),
            "description": self.description or self.role,
            "email": self.email,
            "phone_country_code": phone.country_code if phone is not None else None,
            "phone_national_number": phone.national_number if phone is not None else self.phone_number,
            "language": self.language,
            "notification_user": self.notification_user,
        }


class MembersAdd(ArgusModel):
    """Subjects to put into a group."""

    subject: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None


class MembersRemove(InDomain):
    """Query of the removal: ``subject`` repeated."""

    subject: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None
