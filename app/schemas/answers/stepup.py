"""Authorizations: proof of presence for one operation (contract 3.4)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode
from urllib.parse import urlsplit

from app.models.directory import User
from app.models.stepup import StepUp
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.sessions import AuthorizationShape
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.login.stepup_tokens import IssuedToken


class ValidatedShape(Shape):
    """The content of an authorization."""

    user: SubjectInfo
    operation: str
    context: dict[str, str]
    timestamp: int
    expires: int


class PasswordStateShape(Shape):
    """Whether a password is a common one; the number of occurrences is not counted here."""

    state: Literal["ok", "breached"]
    breach_count: int


def build_authorization_shape(issued: IssuedToken, next_uri: str | None = None) -> AuthorizationShape:
    """Build a new authorization; the next address carries it as ``authorization``."""
    return AuthorizationShape(
        authorization=issued.text,
        operation=issued.operation.name,
        identifier=issued.operation.identifier,
        next_uri=_add_authorization(next_uri, issued.text) if next_uri is not None else None,
        expires=to_millis(issued.expires_at),
    )


def build_validated_shape(row: StepUp, user: User) -> ValidatedShape:
    """Build the shape of a valid authorization."""
    return ValidatedShape(
        user=SubjectInfo.from_row(user),
        operation=row.operation,
        context={name: str(value) for name, value in row.context.items()},
        timestamp=to_millis(row.created_at),
        expires=to_millis(row.expires_at),
    )


def _add_authorization(path: str, authorization: str) -> str:
    parts = urlsplit(path)
    added = urlencode({"authorization": authorization})
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl()
