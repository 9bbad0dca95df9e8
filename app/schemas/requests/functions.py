"""FunctionAdd and the graph (contract 4.4)."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field

from app.schemas.common import LEVELS
from app.schemas.common import Level
from app.schemas.texts import Comment
from app.schemas.texts import LongText
from app.schemas.texts import Named
from app.schemas.texts import ShortName
from app.schemas.wire import ArgusModel
from app.schemas.wire import QueryModel
from app.services.administration.functions import NewFunction
from app.services.administration.permissions import NewPermission

Localized = dict[Literal["english", "norwegian"], LongText]


class FunctionAdd(ArgusModel):
    """A new function; the official client sends ``otherRole`` for ``other`` (contract 0 #18)."""

    name: ShortName
    parent: Named
    minimum_security_level: Level = "standard"
    role: bool = False
    sysadm: bool = False
    read_only: bool = False
    role_type: Literal["service", "case", "tool", "other", "otherRole"] = "other"
    localized_names: Localized | None = None
    localized_descriptions: Localized | None = None
    description: LongText | None = None

    def as_new(self) -> NewFunction:
        """Convert for the service."""
        return NewFunction(
            name=self.name,
            parent=self.parent,
            level=LEVELS[self.minimum_security_level],
            role=self.role,
            sysadm=self.sysadm,
            read_only=self.read_only,
            role_type="other" if self.role_type == "otherRole" else self.role_type,
            description=self.description,
            localized_names={str(k): v for k, v in (self.localized_names or {}).items()},
            localized_descriptions={str(k): v for k, v in (self.localized_descriptions or {}).items()},
        )


class FunctionUpdate(ArgusModel):
    """Absent fields are not changed."""

    name: ShortName | None = None
    minimum_security_level: Level | None = None
    role: bool | None = None
    sysadm: bool | None = None
    read_only: bool | None = None
    role_type: Literal["service", "case", "tool", "other", "otherRole"] | None = None
    localized_names: Localized | None = None
    localized_descriptions: Localized | None = None
    description: LongText | None = None

    def as_changes(self) -> dict[str, Any]:
        """Return the columns that were sent; null changes nothing."""
        changes = {
            name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None
        }
        if "minimum_security_level" in changes:
            changes["minimum_security_level"] = int(LEVELS[changes["minimum_security_level"]])
        if changes.get("role_type") == "otherRole":
            changes["role_type"] = "other"
        return changes


class ChildrenAdd(ArgusModel):
    """Functions to put below another."""

    children: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]


class ChildrenRemove(QueryModel):
    """Query of the removal; ``child`` may be repeated."""

    child: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]


class PermissionAdd(ArgusModel):
    """A permission to grant; each by id or name."""

    subject: Named
    function: Named
    customer: Named
    comment: Comment | None = None

    def as_new(self) -> NewPermission:
        """Convert for the service."""
        return NewPermission(self.subject, self.function, self.customer, self.comment)


class PermissionsAdd(ArgusModel):
    """Permissions to grant, all or none."""

    permissions: Annotated[tuple[PermissionAdd, ...], Field(min_length=1, max_length=1000)]


class PermissionsRevoke(QueryModel):
    """Query of the bulk revocation; ``permission`` may be repeated."""

    permission: Annotated[tuple[Named, ...], Field(min_length=1, max_length=1000)]
    comment: Comment | None = None


class PermissionRevoke(QueryModel):
    """Query of the revocation."""

    comment: Comment | None = None
