"""The statements of ``credential_rows``: one per credential, joining everything the decision may need.

Each lists the columns of its parts one after the other; a result is cut at the same places.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import Table
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import select

from app.models.apikeys import APIKey
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import Subject
from app.models.grants import Grant
from app.models.sessions import AuthorizationCode
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.state import SystemState
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodePart
from app.services.access.credential_parts import CustomerPart
from app.services.access.credential_parts import GrantPart
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import PersonPart
from app.services.access.credential_parts import UserPart
from app.services.access.row_layout import Layout
from app.services.access.row_layout import list_columns
from app.services.prepared import Prepared
from app.services.tokens import session_crowd
from app.services.tokens import signing_keys
from app.services.tokens.oauth_sessions import OAuthPart

USER: Table = Subject.__table__  # type: ignore[assignment]
CUSTOMER: Table = Customer.__table__  # type: ignore[assignment]
CLIENT: Table = OAuthClient.__table__  # type: ignore[assignment]
GRANT: Table = Grant.__table__  # type: ignore[assignment]
LOGIN: Table = LoginSession.__table__  # type: ignore[assignment]
KEY: Table = APIKey.__table__  # type: ignore[assignment]
CODE: Table = AuthorizationCode.__table__  # type: ignore[assignment]
SESSION: Table = OAuthSession.__table__  # type: ignore[assignment]
STATE: Table = SystemState.__table__  # type: ignore[assignment]
PARENT = LOGIN.alias("parent")
IMPERSONATOR = USER.alias("impersonator")
MAKER = USER.alias("maker")
# Whoever made the key for somebody else; an own key has no maker.
MADE_BY = and_(MAKER.c.id == KEY.c.created_by_id, MAKER.c.id != KEY.c.user_id)

_VERSIONS = [STATE.c.policy_version, STATE.c.graph_version, STATE.c.tree_version]
_USER = list_columns(UserPart, USER)
_CUSTOMER = list_columns(CustomerPart, CUSTOMER)
_CLIENT = list_columns(ClientPart, CLIENT)
_OAUTH = list_columns(OAuthPart, SESSION)
_GRANT = list_columns(GrantPart, GRANT)
_CONSENT = list_columns(ActiveConsent, GRANT)
_LOGIN = list_columns(LoginPart, LOGIN, parent_ended_at=PARENT.c.ended_at)
_KEY = list_columns(KeyPart, KEY)
_CODE = list_columns(CodePart, CODE)
_IMPERSONATOR = list_columns(PersonPart, IMPERSONATOR)
_MAKER = list_columns(PersonPart, MAKER)

OF_SESSION = Layout(_VERSIONS, _USER, _CUSTOMER, _CLIENT, _OAUTH, _GRANT, _LOGIN, _KEY, _MAKER)
OF_CODE = Layout(_VERSIONS, _USER, _CUSTOMER, _CLIENT, _GRANT, _LOGIN, _CODE)
OF_LOGIN = Layout(_VERSIONS, _USER, _LOGIN, _KEY, _IMPERSONATOR, _MAKER)
OF_LOGIN_AT_CLIENT = Layout(_VERSIONS, _USER, _LOGIN, _KEY, _IMPERSONATOR, _MAKER, _CLIENT, _CONSENT)
OF_KEY = Layout(_VERSIONS, _USER, _KEY, _MAKER)
OF_KEY_AT_CLIENT = Layout(_VERSIONS, _USER, _KEY, _MAKER, _CLIENT)
OF_USER = Layout(_VERSIONS, _USER)


# The key that signs an ID token for the client.
_SIGNS = signing_keys.select_active_kid(CLIENT.c.id_token_signed_response_alg).scalar_subquery()


def _select_session(*riding: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*OF_SESSION.columns, *riding)
        .select_from(SESSION)
        .join(USER, USER.c.id == SESSION.c.user_id)
        .join(CUSTOMER, CUSTOMER.c.id == USER.c.customer_id)
        .join(CLIENT, CLIENT.c.id == SESSION.c.client_id)
        .join(STATE, STATE.c.id == 1)
        .outerjoin(GRANT, GRANT.c.id == SESSION.c.grant_id)
        .outerjoin(LOGIN, LOGIN.c.id == SESSION.c.login_session_id)
        .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
        .outerjoin(KEY, KEY.c.id == SESSION.c.api_key_id)
        .outerjoin(MAKER, MADE_BY)
        .where(SESSION.c.id == bindparam("session"))
    )


# Built once: computing the cache key of a statement costs more than running the query.
SESSION_BY_ID = Prepared(_select_session())
# A refresh may have to sign an ID token.
SESSION_AT_REFRESH = Prepared(_select_session(_SIGNS))
CODE_BY_ID = Prepared(
    select(
        *OF_CODE.columns,
        _SIGNS,
        session_crowd.select_crowding(CODE.c.user_id, CODE.c.client_id),
    )
    .select_from(CODE)
    .join(USER, USER.c.id == CODE.c.user_id)
    .join(CUSTOMER, CUSTOMER.c.id == USER.c.customer_id)
    .join(CLIENT, CLIENT.c.id == CODE.c.client_id)
    .join(GRANT, GRANT.c.id == CODE.c.grant_id)
    .join(LOGIN, LOGIN.c.id == CODE.c.login_session_id)
    .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
    .join(STATE, STATE.c.id == 1)
    .where(CODE.c.id == bindparam("code"))
)


def _select_login(layout: Layout) -> Select[Any]:
    return (
        select(*layout.columns)
        .select_from(LOGIN)
        .join(USER, USER.c.id == LOGIN.c.user_id)
        .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
        .outerjoin(KEY, KEY.c.id == LOGIN.c.api_key_id)
        .outerjoin(MAKER, MADE_BY)
        .outerjoin(IMPERSONATOR, IMPERSONATOR.c.id == LOGIN.c.impersonator_id)
        .join(STATE, STATE.c.id == 1)
        .where(LOGIN.c.id == bindparam("login"))
    )


def _select_key(layout: Layout, *riding: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*layout.columns, *riding)
        .select_from(KEY)
        .join(USER, USER.c.id == KEY.c.user_id)
        .outerjoin(MAKER, MADE_BY)
        .join(STATE, STATE.c.id == 1)
        .where(KEY.c.user_id == bindparam("user"), KEY.c.key_number == bindparam("number"))
    )


LOGIN_BY_ID = Prepared(_select_login(OF_LOGIN))
LOGIN_AT_CLIENT = Prepared(
    _select_login(OF_LOGIN_AT_CLIENT)
    .outerjoin(CLIENT, CLIENT.c.id == bindparam("client"))
    .outerjoin(
        GRANT,
        and_(
            GRANT.c.user_id == LOGIN.c.user_id,
            GRANT.c.client_id == CLIENT.c.id,
            GRANT.c.withdrawn_at.is_(None),
        ),
    )
)
KEY_BY_NUMBER = Prepared(_select_key(OF_KEY))
KEY_AT_CLIENT = Prepared(
    _select_key(OF_KEY_AT_CLIENT, session_crowd.select_crowding(KEY.c.user_id, CLIENT.c.id)).outerjoin(
        CLIENT, CLIENT.c.id == bindparam("client")
    )
)
USER_BY_ID = Prepared(
    select(*OF_USER.columns)
    .select_from(USER)
    .join(STATE, STATE.c.id == 1)
    .where(USER.c.id == bindparam("user"))
)
