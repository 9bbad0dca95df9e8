"""Authorization codes: issued on approval, claimed once (RFC 6749 4.1.2, RFC 9700 4.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import insert
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.sessions import AuthorizationCode
from app.policy.login_contexts import LoginContext
from app.runtime import settings
from app.services.prepared import Prepared
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.tokens.token_text import make_id
from app.services.tokens.token_text import mint_token
from app.services.unit_of_work import change

CODE: Table = AuthorizationCode.__table__  # type: ignore[assignment]
# Built once: to build a statement costs more than to run it.
_INSERT = Prepared(insert(CODE).inline())
_CLAIM = Prepared(
    update(CODE)
    .where(
        CODE.c.id == bindparam("code"),
        CODE.c.spent_at.is_(None),
        CODE.c.ended_at.is_(None),
        CODE.c.expires_at > bindparam("now"),
    )
    .values(spent_at=bindparam("now"), oauth_session_id=bindparam("session"))
)
KEPT_SPENT = timedelta(minutes=10)
MOST_WRONG_VERIFIERS = 5


@dataclass(frozen=True, slots=True)
class Approval:
    """The content of an approval: login, consent, client and request parameters. ``most_seconds``: its code
    lives no longer, whatever the setting says.
    """

    client_id: str
    user_id: int
    login_session_id: bytes
    grant_id: str
    redirect_uri: str
    redirect_uri_given: bool
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    context: LoginContext
    most_seconds: int | None = None


def issue_code(approval: Approval) -> str:
    """Issue a code for this approval; returns its text, which is not stored."""
    seconds = settings().code_seconds
    most = seconds if approval.most_seconds is None else min(seconds, approval.most_seconds)
    return store_code(approval, life=timedelta(seconds=most)).text


def store_code(approval: Approval, *, life: timedelta) -> Token:
    """Store a code that stands for this approval for so long."""
    now = clock.now()
    code_id = make_id()
    token = mint_token(Kind.CODE, "", code_id)
    change(
        _INSERT,
        {
            "id": code_id,
            "digest": token.digest,
            "client_id": approval.client_id,
            "user_id": approval.user_id,
            "login_session_id": approval.login_session_id,
            "grant_id": approval.grant_id,
            "redirect_uri": approval.redirect_uri,
            "redirect_uri_given": approval.redirect_uri_given,
            "scopes": list(approval.scopes),
            "nonce": approval.nonce,
            "code_challenge": approval.code_challenge,
            "dpop_jkt": approval.dpop_jkt,
            "security_level": approval.context.level,
            "authenticated_at": approval.context.authenticated_at,
            "login_method": approval.context.method,
            "created_at": now,
            "expires_at": now + life,
        },
    )
    return token


def claim_code(code_id: bytes, oauth_session_id: bytes) -> bool:
    """Use up the code for this session by one conditional statement, so exactly one caller gets ``True``."""
    now = clock.now()
    return bool(change(_CLAIM, {"code": code_id, "now": now, "session": oauth_session_id}))


def count_wrong_verifier(code_id: bytes) -> None:
    """Count a wrong PKCE verifier: the code stays valid, but the fifth invalidates it (security rule 14)."""
    wrong = AuthorizationCode.wrong_verifiers + 1
    db.session.execute(
        update(AuthorizationCode).where(AuthorizationCode.id == code_id).values(wrong_verifiers=wrong)
    )
    db.session.execute(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.id == code_id,
            AuthorizationCode.wrong_verifiers >= MOST_WRONG_VERIFIERS,
            AuthorizationCode.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
    )


def match_old() -> ColumnElement[bool]:
    """Match codes that are too old to detect a replay."""
    return AuthorizationCode.expires_at < clock.now() - KEPT_SPENT
