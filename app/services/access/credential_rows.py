"""One query per credential, joining everything the decision may need (design §7). Nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from typing import TypeVar

from app import clock
from app.services.access import client_rows
from app.services.access import credential_statements as statements
from app.services.access.credential_parts import ActiveConsent
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodePart
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import CustomerPart
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
from app.services.once_read import keep
from app.services.once_read import take
from app.services.prepared import Prepared
from app.services.prepared import Row
from app.services.tokens import session_crowd
from app.services.tokens.oauth_sessions import OAuthPart
from app.services.unit_of_work import fetch_one

P = TypeVar("P")


def load_session_row(session_id: bytes, *, to_sign: bool = False) -> SessionRow | None:
    """Load all facts of an OAuth session: itself, user, client, consent, and the login or key it depends on;
    ``to_sign``: with the key that signs its ID tokens.
    """
    if to_sign:
        row = _load_one(statements.SESSION_AT_REFRESH, session=session_id, now=clock.now())
    else:
        row = _load_one(statements.SESSION_BY_ID, session=session_id)
    if row is None:
        return None
    versions, user, customer, client, oauth, grant, login, key, maker = statements.OF_SESSION.cut(row)
    found = ClientPart(*client)
    client_rows.keep_client(found)
    return SessionRow(
        versions=PolicyVersions(*versions),
        user=UserPart(*user),
        client=found,
        oauth=OAuthPart(*oauth),
        customer=CustomerPart(*customer),
        grant=_build_joined_part(GrantPart, grant),
        login=_build_joined_part(LoginPart, login),
        key=_build_joined_part(KeyPart, key),
        maker=_build_joined_part(PersonPart, maker),
        active_kid=row[-1] if to_sign else None,
    )


def load_code_row(code_id: bytes) -> CodeRow | None:
    """Load all facts of an authorization code."""
    row = _load_one(
        statements.CODE_BY_ID, code=code_id, now=clock.now(), most_others=session_crowd.count_most_others()
    )
    if row is None:
        return None
    versions, user, customer, client, grant, login, code = statements.OF_CODE.cut(row)
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
        customer=CustomerPart(*customer),
        active_kid=active_kid,
        crowded=crowd is not None,
    )


def load_login_row(login_id: bytes) -> LoginRow | None:
    """Load all facts of a login session."""

    def read() -> LoginRow | None:
        row = _load_one(statements.LOGIN_BY_ID, login=login_id)
        return _build_login_row(*statements.OF_LOGIN.cut(row)) if row is not None else None

    return take(("login", login_id.hex()), read)


def load_key_row(user_id: int, key_number: int) -> KeyRow | None:
    """Load all facts of an API key."""

    def read() -> KeyRow | None:
        row = _load_one(statements.KEY_BY_NUMBER, user=user_id, number=key_number)
        return _build_key_row(*statements.OF_KEY.cut(row)) if row is not None else None

    return take(("key", f"{user_id}/{key_number}"), read)


def look_ahead_from_login(login_id: bytes, client_id: str) -> None:
    """Load a login, the client that its request names, and the consent of the user for that client: one
    look-up in place of three. Each is kept for who asks for it next in this unit or request.
    """
    row = _load_one(statements.LOGIN_AT_CLIENT, login=login_id, client=client_id)
    if row is None:
        return
    *login, client, consent = statements.OF_LOGIN_AT_CLIENT.cut(row)
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
    row = _load_one(
        statements.KEY_AT_CLIENT, user=user_id, number=key_number, client=client_id, most_others=most
    )
    if row is None:
        return
    *key, client = statements.OF_KEY_AT_CLIENT.cut(row)
    keep(("key", f"{user_id}/{key_number}"), _build_key_row(*key))
    if client[0] is not None:
        client_rows.keep_client(ClientPart(*client))
        session_crowd.keep_room(user_id, client_id, has_room=row[-1] is None)


def load_user_row(user_id: int) -> UserRow | None:
    """Load a user alone, for questions about somebody who is not logged in (listing, explain)."""
    row = _load_one(statements.USER_BY_ID, user=user_id)
    if row is None:
        return None
    versions, user = statements.OF_USER.cut(row)
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
