"""One query per credential, joining everything the decision may need (design §7). Nothing is judged here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import Table
from sqlalchemy import select
from sqlalchemy.sql import FromClause

from app.extensions import db
from app.models.apikeys import APIKey
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.models.grants import Grant
from app.models.sessions import AuthorizationCode
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.state import SystemState
from app.services.tokens import oauth_sessions
from app.services.tokens import signing_keys

USER: Table = Subject.__table__  # type: ignore[assignment]
CLIENT: Table = OAuthClient.__table__  # type: ignore[assignment]
GRANT: Table = Grant.__table__  # type: ignore[assignment]
LOGIN: Table = LoginSession.__table__  # type: ignore[assignment]
KEY: Table = APIKey.__table__  # type: ignore[assignment]
CODE: Table = AuthorizationCode.__table__  # type: ignore[assignment]
SESSION: Table = OAuthSession.__table__  # type: ignore[assignment]
STATE: Table = SystemState.__table__  # type: ignore[assignment]
PARENT = LOGIN.alias("parent")
IMPERSONATOR = USER.alias("impersonator")


def _user_columns() -> list[Any]:
    u = USER.c
    return [
        u.id.label("user_id"),
        u.short_name.label("user_name"),
        u.name.label("user_full_name"),
        u.language.label("user_language"),
        u.domain_id.label("user_domain"),
        u.customer_id.label("user_customer"),
        u.email.label("user_email"),
        u.blocked_at.label("user_blocked_at"),
        u.deleted_at.label("user_deleted_at"),
        u.session_epoch.label("user_epoch"),
        u.rights_version.label("rights_version"),
        u.force_password_change.label("must_change_password"),
        STATE.c.policy_version.label("policy_version"),
    ]


def _client_columns() -> list[Any]:
    c = CLIENT.c
    return [
        c.id.label("client_id"),
        c.name.label("client_name"),
        c.domain_id.label("client_domain"),
        c.customer_id.label("client_customer"),
        c.required_function_id.label("required_function"),
        c.permission_scope_id.label("permission_scope"),
        c.client_ip_range.label("client_ranges"),
        c.max_security_level.label("client_level"),
        c.deleted_at.label("client_deleted_at"),
        c.permitted_scopes.label("client_scopes"),
        c.require_same_client_ip.label("same_address"),
        c.enable_string_group_claim.label("string_groups"),
        c.open_id_custom_claims.label("custom_claims"),
    ]


def _grant_columns() -> list[Any]:
    g = GRANT.c
    return [
        g.id.label("grant_id"),
        g.permission_scope_id.label("grant_scope"),
        g.scopes.label("grant_scopes"),
        g.withdrawn_at.label("grant_withdrawn_at"),
    ]


def _login_columns(login: FromClause, parent: FromClause) -> list[Any]:
    c, p = login.c, parent.c
    return [
        c.id.label("login_id"),
        c.security_level.label("login_level"),
        c.session_epoch.label("login_epoch"),
        c.ended_at.label("login_ended_at"),
        c.expires_at.label("login_expires_at"),
        c.last_seen_at.label("login_last_seen_at"),
        c.authenticated_at.label("login_authenticated_at"),
        c.method.label("login_method"),
        c.parent_id.label("login_parent_id"),
        c.client_ip.label("login_ip"),
        c.constraints.label("login_constraints"),
        c.token_digest.label("login_digest"),
        c.created_at.label("login_created_at"),
        p.ended_at.label("parent_ended_at"),
    ]


def _impersonator_columns() -> list[Any]:
    i = IMPERSONATOR.c
    return [
        i.id.label("impersonator_id"),
        i.short_name.label("impersonator_name"),
        i.customer_id.label("impersonator_customer"),
        i.blocked_at.label("impersonator_blocked_at"),
        i.deleted_at.label("impersonator_deleted_at"),
        i.session_epoch.label("impersonator_epoch"),
        i.rights_version.label("impersonator_rights_version"),
    ]


def _key_columns() -> list[Any]:
    k = KEY.c
    return [
        k.id.label("key_id"),
        k.revoked_at.label("key_revoked_at"),
        k.expires_at.label("key_expires_at"),
        k.valid_sources.label("key_sources"),
        k.constraints.label("key_constraints"),
        k.secret_digest.label("key_digest"),
        k.key_number.label("key_number"),
        k.created_at.label("key_created_at"),
        k.last_used_at.label("key_last_used_at"),
    ]


def _one(statement: Select[Any]) -> Row[Any] | None:
    return db.session.execute(statement).one_or_none()


def session_row(session_id: bytes) -> Row[Any] | None:
    """Everything about an OAuth session: itself, user, client, consent, and the login or key it hangs on."""
    columns = [
        SESSION,
        *_user_columns(),
        *(c for c in _client_columns() if c.name != "client_id"),
        *(c for c in _grant_columns() if c.name != "grant_id"),
        *_login_columns(LOGIN, PARENT),
        *_key_columns(),
    ]
    own = [c for c in SESSION.c if c.name not in ("user_id", "user_name")]
    return _one(
        select(*own, SESSION.c.user_name.label("session_user_name"), *columns[1:])
        .select_from(SESSION)
        .join(USER, USER.c.id == SESSION.c.user_id)
        .join(CLIENT, CLIENT.c.id == SESSION.c.client_id)
        .join(STATE, STATE.c.id == 1)
        .outerjoin(GRANT, GRANT.c.id == SESSION.c.grant_id)
        .outerjoin(LOGIN, LOGIN.c.id == SESSION.c.login_session_id)
        .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
        .outerjoin(KEY, KEY.c.id == SESSION.c.api_key_id)
        .where(SESSION.c.id == session_id)
    )


def code_row(code_id: bytes) -> Row[Any] | None:
    """Everything about an authorization code."""
    own = [c for c in CODE.c if c.name not in ("user_id", "client_id", "grant_id")]
    return _one(
        select(
            *own,
            *_user_columns(),
            *_client_columns(),
            *_grant_columns(),
            *_login_columns(LOGIN, PARENT),
            signing_keys.active_kid().scalar_subquery().label("active_kid"),
            oauth_sessions.crowd(CODE.c.user_id, CODE.c.client_id).label("crowd"),
        )
        .select_from(CODE)
        .join(USER, USER.c.id == CODE.c.user_id)
        .join(CLIENT, CLIENT.c.id == CODE.c.client_id)
        .join(GRANT, GRANT.c.id == CODE.c.grant_id)
        .join(LOGIN, LOGIN.c.id == CODE.c.login_session_id)
        .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
        .join(STATE, STATE.c.id == 1)
        .where(CODE.c.id == code_id)
    )


def login_row(login_id: bytes) -> Row[Any] | None:
    """Everything about a login session."""
    return _one(
        select(*_user_columns(), *_login_columns(LOGIN, PARENT), *_key_columns(), *_impersonator_columns())
        .select_from(LOGIN)
        .join(USER, USER.c.id == LOGIN.c.user_id)
        .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
        .outerjoin(KEY, KEY.c.id == LOGIN.c.api_key_id)
        .outerjoin(IMPERSONATOR, IMPERSONATOR.c.id == LOGIN.c.impersonator_id)
        .join(STATE, STATE.c.id == 1)
        .where(LOGIN.c.id == login_id)
    )


def key_row(user_id: int, key_number: int) -> Row[Any] | None:
    """Everything about an API key."""
    return _one(
        select(*_user_columns(), *_key_columns())
        .select_from(KEY)
        .join(USER, USER.c.id == KEY.c.user_id)
        .join(STATE, STATE.c.id == 1)
        .where(KEY.c.user_id == user_id, KEY.c.key_number == key_number)
    )


def user_row(user_id: int) -> Row[Any] | None:
    """A user alone: for questions about somebody who is not there (listing, explain)."""
    return _one(
        select(*_user_columns()).select_from(USER).join(STATE, STATE.c.id == 1).where(USER.c.id == user_id)
    )
