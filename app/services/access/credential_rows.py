"""One query per credential, joining everything the decision may need (design §7). Nothing is judged here.

Each statement lists the columns of its parts one after the other; a result is cut at the same places.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import Table
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import select

from app import clock
from app.models.apikeys import APIKey
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.models.grants import Grant
from app.models.sessions import AuthorizationCode
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.state import SystemState
from app.services.access import client_rows
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodePart
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import GrantPart
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import KeyRow
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import LoginRow
from app.services.access.credential_parts import PersonPart
from app.services.access.credential_parts import PolicyVersions
from app.services.access.credential_parts import SessionRow
from app.services.access.credential_parts import UserPart
from app.services.access.credential_parts import UserRow
from app.services.access.row_layout import Layout
from app.services.access.row_layout import list_columns
from app.services.once_read import keep
from app.services.once_read import take
from app.services.prepared import Prepared
from app.services.prepared import Row
from app.services.tokens import session_crowd
from app.services.tokens import signing_keys
from app.services.tokens.oauth_sessions import OAuthPart
from app.services.unit_of_work import fetch_one

P = TypeVar("P")

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
MAKER = USER.alias("maker")
# Whoever made the key for somebody else; an own key has no maker.
MADE_BY = and_(MAKER.c.id == KEY.c.created_by_id, MAKER.c.id != KEY.c.user_id)

_VERSIONS = [STATE.c.policy_version, STATE.c.graph_version, STATE.c.tree_version]
_USER = list_columns(UserPart, USER)
_CLIENT = list_columns(ClientPart, CLIENT)
_OAUTH = list_columns(OAuthPart, SESSION)
_GRANT = list_columns(GrantPart, GRANT)
_CONSENT = list_columns(ActiveConsent, GRANT)
_LOGIN = list_columns(LoginPart, LOGIN, parent_ended_at=PARENT.c.ended_at)
_KEY = list_columns(KeyPart, KEY)
_CODE = list_columns(CodePart, CODE)
_IMPERSONATOR = list_columns(PersonPart, IMPERSONATOR)
_MAKER = list_columns(PersonPart, MAKER)

_OF_SESSION = Layout(_VERSIONS, _USER, _CLIENT, _OAUTH, _GRANT, _LOGIN, _KEY, _MAKER)
_OF_CODE = Layout(_VERSIONS, _USER, _CLIENT, _GRANT, _LOGIN, _CODE)
_OF_LOGIN = Layout(_VERSIONS, _USER, _LOGIN, _KEY, _IMPERSONATOR, _MAKER)
_OF_LOGIN_AT_CLIENT = Layout(_VERSIONS, _USER, _LOGIN, _KEY, _IMPERSONATOR, _MAKER, _CLIENT, _CONSENT)
_OF_KEY = Layout(_VERSIONS, _USER, _KEY, _MAKER)
_OF_KEY_AT_CLIENT = Layout(_VERSIONS, _USER, _KEY, _MAKER, _CLIENT)
_OF_USER = Layout(_VERSIONS, _USER)

# Built once: computing the cache key of a statement costs more than running the query.
_SESSION_BY_ID = Prepared(
    select(*_OF_SESSION.columns)
    .select_from(SESSION)
    .join(USER, USER.c.id == SESSION.c.user_id)
    .join(CLIENT, CLIENT.c.id == SESSION.c.client_id)
    .join(STATE, STATE.c.id == 1)
    .outerjoin(GRANT, GRANT.c.id == SESSION.c.grant_id)
    .outerjoin(LOGIN, LOGIN.c.id == SESSION.c.login_session_id)
    .outerjoin(PARENT, PARENT.c.id == LOGIN.c.parent_id)
    .outerjoin(KEY, KEY.c.id == SESSION.c.api_key_id)
    .outerjoin(MAKER, MADE_BY)
    .where(SESSION.c.id == bindparam("session"))
)
_CODE_BY_ID = Prepared(
    select(
        *_OF_CODE.columns,
        signing_keys.select_active_kid().scalar_subquery(),
        session_crowd.select_crowding(CODE.c.user_id, CODE.c.client_id),
    )
    .select_from(CODE)
    .join(USER, USER.c.id == CODE.c.user_id)
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


_LOGIN_BY_ID = Prepared(_select_login(_OF_LOGIN))
_LOGIN_AT_CLIENT = Prepared(
    _select_login(_OF_LOGIN_AT_CLIENT)
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
_KEY_BY_NUMBER = Prepared(_select_key(_OF_KEY))
_KEY_AT_CLIENT = Prepared(
    _select_key(_OF_KEY_AT_CLIENT, session_crowd.select_crowding(KEY.c.user_id, CLIENT.c.id)).outerjoin(
        CLIENT, CLIENT.c.id == bindparam("client")
    )
)
_USER_BY_ID = Prepared(
    select(*_OF_USER.columns)
    .select_from(USER)
    .join(STATE, STATE.c.id == 1)
    .where(USER.c.id == bindparam("user"))
)


def load_session_row(session_id: bytes) -> SessionRow | None:
    """Load all facts of an OAuth session:
    itself, user, client, consent, and the login or key it depends on.
    """
    row = _load_one(_SESSION_BY_ID, session=session_id)
    if row is None:
        return None
    versions, user, client, oauth, grant, login, key, maker = _OF_SESSION.cut(row)
    found = ClientPart(*client)
    client_rows.keep_client(found)
    return SessionRow(
        versions=PolicyVersions(*versions),
        user=UserPart(*user),
        client=found,
        oauth=OAuthPart(*oauth),
        grant=_build_joined_part(GrantPart, grant),
        login=_build_joined_part(LoginPart, login),
        key=_build_joined_part(KeyPart, key),
        maker=_build_joined_part(PersonPart, maker),
    )


def load_code_row(code_id: bytes) -> CodeRow | None:
    """Load all facts of an authorization code."""
    row = _load_one(_CODE_BY_ID, code=code_id, now=clock.now(), most_others=session_crowd.count_most_others())
    if row is None:
        return None
    versions, user, client, grant, login, code = _OF_CODE.cut(row)
    riding: Sequence[Any] = row[-2:]
    active_kid, crowd = riding
    found = ClientPart(*client)
    client_rows.keep_client(found)
    return CodeRow(
        versions=PolicyVersions(*versions),
        user=UserPart(*user),
        client=found,
        grant=GrantPart(*grant),
        login=LoginPart(*login),
        code=CodePart(*code),
        active_kid=active_kid,
        crowded=crowd is not None,
    )


def load_login_row(login_id: bytes) -> LoginRow | None:
    """Load all facts of a login session."""

    def read() -> LoginRow | None:
        row = _load_one(_LOGIN_BY_ID, login=login_id)
        return _build_login_row(*_OF_LOGIN.cut(row)) if row is not None else None

    return take(("login", login_id.hex()), read)


def load_key_row(user_id: int, key_number: int) -> KeyRow | None:
    """Load all facts of an API key."""

    def read() -> KeyRow | None:
        row = _load_one(_KEY_BY_NUMBER, user=user_id, number=key_number)
        return _build_key_row(*_OF_KEY.cut(row)) if row is not None else None

    return take(("key", f"{user_id}/{key_number}"), read)


def look_ahead_from_login(login_id: bytes, client_id: str) -> None:
    """Load a login, the client that its request names, and the consent of the user for that client: one
    look-up in place of three. Each is kept for who asks for it next in this unit or request.
    """
    row = _load_one(_LOGIN_AT_CLIENT, login=login_id, client=client_id)
    if row is None:
        return
    *login, client, consent = _OF_LOGIN_AT_CLIENT.cut(row)
    found = _build_login_row(*login)
    keep(("login", login_id.hex()), found)
    if client[0] is not None:
        client_rows.keep_client(ClientPart(*client))
        keep(("consent", str(found.user.id), client_id), _build_joined_part(ActiveConsent, consent))


def look_ahead_from_key(user_id: int, key_number: int, client_id: str) -> None:
    """As ``look_ahead_from_login``, of an API key, whose sessions need no consent; and whether there is room
    for one more of them.
    """
    most = session_crowd.count_most_others()
    row = _load_one(_KEY_AT_CLIENT, user=user_id, number=key_number, client=client_id, most_others=most)
    if row is None:
        return
    *key, client = _OF_KEY_AT_CLIENT.cut(row)
    keep(("key", f"{user_id}/{key_number}"), _build_key_row(*key))
    if client[0] is not None:
        client_rows.keep_client(ClientPart(*client))
        session_crowd.keep_room(user_id, client_id, has_room=row[-1] is None)


def load_user_row(user_id: int) -> UserRow | None:
    """Load a user alone, for questions about somebody who is not logged in (listing, explain)."""
    row = _load_one(_USER_BY_ID, user=user_id)
    if row is None:
        return None
    versions, user = _OF_USER.cut(row)
    return UserRow(versions=PolicyVersions(*versions), user=UserPart(*user))


def _load_one(statement: Prepared, **values: bytes | int | str | datetime) -> Row | None:
    return fetch_one(statement, values)


def _build_login_row(
    versions: Row, user: Row, login: Row, key: Row, impersonator: Row, maker: Row
) -> LoginRow:
    return LoginRow(
        versions=PolicyVersions(*versions),
        user=UserPart(*user),
        login=LoginPart(*login),
        key=_build_joined_part(KeyPart, key),
        impersonator=_build_joined_part(PersonPart, impersonator),
        maker=_build_joined_part(PersonPart, maker),
    )


def _build_key_row(versions: Row, user: Row, key: Row, maker: Row) -> KeyRow:
    return KeyRow(
        versions=PolicyVersions(*versions),
        user=UserPart(*user),
        key=KeyPart(*key),
        maker=_build_joined_part(PersonPart, maker),
    )


def _build_joined_part(part: Callable[..., P], values: Sequence[Any]) -> P | None:
    """Build a part of an outer join; ``None`` if the join found nothing."""
    return part(*values) if values[0] is not None else None
