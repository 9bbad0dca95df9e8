"""One-time codes (RFC 6238): a new generator is pending until its first code activates it.
Each code is valid once. Seeds are stored encrypted.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from cryptography.fernet import InvalidToken
from sqlalchemy import or_
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.directory import User
from app.models.totp import TOTPGenerator
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.login import password_login
from app.services.login.login_sessions import TOTP
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import Unauthenticated
from app.services.tokens import device_text
from app.services.tokens.keyring import keyring
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.unit_of_work import run_in_transaction

ALGORITHM = "HmacSHA1"
DIGITS = 6
PERIOD = 30
SEED_BYTES = 20
# The codes of the previous and the next step are valid too, because clocks differ.
DRIFT = (0, -1, 1)
PENDING = timedelta(minutes=15)


class CodeReused(Unauthenticated):
    """The code was right but already used: wait for the next one."""


class WrongCode(Unauthenticated):
    """The code is wrong; this is already recorded."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A new seed, returned once; ``cookie`` identifies the pending generator,
    empty if it is already active.
    """

    base32: str
    cookie: str

    @property
    def base64(self) -> str:
        return base64.b64encode(base64.b32decode(self.base32)).decode("ascii")


def build_provisioning_uri(seed: Seed, user_name: str, issuer: str) -> str:
    """Build the URI for the QR code that an authenticator reads (Key URI Format): the seed and its label."""
    return pyotp.TOTP(seed.base32, digits=DIGITS, interval=PERIOD).provisioning_uri(
        name=user_name, issuer_name=issuer
    )


def initialize_generator(user: User, actor: Actor) -> Seed:
    """Create a pending generator; the active one stays until ``activate_generator``. Inside a unit of
    work."""
    seed, cookie = _make_seed(), secrets.token_urlsafe(32)
    row = _get_row(user.id)
    row.pending_sealed, row.pending_digest, row.pending_at = (
        _seal_seed(seed),
        compute_digest(cookie),
        clock.now(),
    )
    db.session.flush()
    trail.record("totp-initialize", actor, user=(user.id, user.short_name))
    return Seed(seed, cookie)


def install_generator(user: User, actor: Actor) -> Seed:
    """Create a generator for a user, by an administrator: active at once, replacing the previous one."""
    seed = _make_seed()
    _activate_pending(_get_row(user.id), _seal_seed(seed), last_step=None)
    trail.record("totp-enrol", actor, user=(user.id, user.short_name), detail={"method": TOTP.method})
    return Seed(seed, "")


def activate_generator(user: User, cookie: str, code: str, actor: Actor) -> None:
    """Replace the active generator with the pending one, by its first code.

    Raises ``Invalid``, ``Throttled``. Opens its own unit of work.
    """
    guess = throttle().admit("proof-code", _identify_guesser(user, actor.contact, actor.session))
    row = db.session.get(TOTPGenerator, user.id, populate_existing=True)
    fresh = row is not None and row.pending_at is not None and row.pending_at > clock.now() - PENDING
    if row is None or not fresh or not is_same_digest(row.pending_digest, compute_digest(cookie)):
        _record_refusal(actor, user, "totp_no_pending")
        raise Invalid(FieldProblem("cookie", "There is nothing to verify now. Start again.", "UNKNOWN"))
    step = _find_step(row.pending_sealed, code)
    if step is None:
        _record_refusal(actor, user, "totp_wrong_code")
        raise Invalid(
            FieldProblem(
                "verificationCode", "Wrong code. Enter the six digits that the app shows now.", "WRONG"
            )
        )
    user_id, name, pending = user.id, user.short_name, row.pending_digest

    def work() -> None:
        now = db.session.get(TOTPGenerator, user_id)
        if now is None or now.pending_sealed is None or not is_same_digest(now.pending_digest, pending):
            raise Missing("pending generator")
        _activate_pending(now, now.pending_sealed, last_step=step)
        trail.record("totp-enrol", actor, user=(user_id, name), detail={"method": TOTP.method})

    run_in_transaction(work)
    guess.succeed()


def remove_generator(user: User, actor: Actor) -> None:
    """Remove the generators, pending and active. Inside a unit of work."""
    row = db.session.get(TOTPGenerator, user.id)
    if row is not None and (row.active_sealed or row.pending_sealed):
        row.active_sealed = row.verified_at = row.last_step = None
        row.pending_sealed = row.pending_digest = row.pending_at = None
        db.session.flush()
        trail.record("totp-remove", actor, user=(user.id, user.short_name))


def spend_code(user: User, code: str, contact: Contact, *, session: str | None = None) -> None:
    """Use the current code, once. Raises ``WrongCode``, ``CodeReused``, ``Throttled``.

    ``session`` names the login of a logged-in user who proves presence. Opens its own unit of work. Whoever
    guesses here knows the password or has a login, and there are only a million codes: wrong ones are counted
    for a day, and the owner is told of several.
    """
    guess = throttle().admit(
        "code" if session is None else "proof-code", _identify_guesser(user, contact, session)
    )
    row = db.session.get(TOTPGenerator, user.id, populate_existing=True)
    step = _find_step(row.active_sealed if row is not None else None, code)
    user_id = user.id
    if step is None:
        _refuse(user, "totp_wrong_code" if row is not None else "totp_none", contact, session)
        _tell_owner(user, contact)
        raise WrongCode
    now = clock.now()
    claimed = run_in_transaction(
        lambda: db.session.execute(
            update(TOTPGenerator)
            .where(
                TOTPGenerator.user_id == user_id,
                TOTPGenerator.active_sealed.is_not(None),
                or_(TOTPGenerator.last_step.is_(None), TOTPGenerator.last_step < step),
            )
            .values(last_step=step, last_used_at=now, last_used_ip=contact.address)
        )
    )
    if not claimed.rowcount:  # type: ignore[attr-defined]
        _refuse(user, "totp_reused_code", contact, session)
        raise CodeReused
    guess.succeed()


def _identify_guesser(user: User, contact: Contact, session: str | None) -> Guesser:
    device = device_text.find_device(contact.device, user.id, user.session_epoch or 0)
    return Guesser(str(user.id), contact.address, device.label if device is not None else None, session)


def _tell_owner(user: User, contact: Contact) -> None:
    """Tell the owner by mail, once a day, that somebody who knows the password guesses codes."""
    user_id, name = user.id, user.short_name
    if throttle().is_owner_to_be_told(str(user_id)):
        run_in_transaction(
            lambda: trail.record(
                "codes-guessed", Actor(contact=contact), outcome="alert", user=(user_id, name)
            )
        )


def _refuse(user: User, why: str, contact: Contact, session: str | None) -> None:
    password_login.note_refusal(user, why, contact, TOTP, "login" if session is None else "step-up")


def _record_refusal(actor: Actor, user: User, why: str) -> None:
    user_id, name = user.id, user.short_name
    run_in_transaction(
        lambda: trail.record("totp-enrol", actor, outcome="refused", user=(user_id, name), reasons=[why])
    )


def _get_row(user_id: int) -> TOTPGenerator:
    row = db.session.get(TOTPGenerator, user_id)
    if row is None:
        row = TOTPGenerator(user_id=user_id)
        db.session.add(row)
    return row


def _activate_pending(row: TOTPGenerator, sealed: bytes, *, last_step: int | None) -> None:
    row.active_sealed, row.verified_at, row.last_step = sealed, clock.now(), last_step
    row.last_used_at = row.last_used_ip = None
    row.pending_sealed = row.pending_digest = row.pending_at = None
    db.session.flush()


def _make_seed() -> str:
    return base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode("ascii")


def _seal_seed(seed: str) -> bytes:
    return keyring().build_box().encrypt(seed.encode())


def _find_step(sealed: bytes | None, code: str) -> int | None:
    """Return the time step of this code, near the current one;
    ``None`` for a wrong code or without a generator.

    Apps show a code in groups of digits, so some people type spaces.
    """
    code = "".join(code.split())
    if sealed is None or not code.isascii():
        return None
    try:
        seed = keyring().build_box().decrypt(sealed).decode()
    except InvalidToken:
        return None  # sealed under a key this server no longer has
    generator = pyotp.TOTP(seed, digits=DIGITS, interval=PERIOD)
    present = int(clock.now().timestamp()) // PERIOD
    matching = [
        present + drift
        for drift in DRIFT
        if hmac.compare_digest(generator.generate_otp(present + drift).encode(), code.encode())
    ]
    return matching[0] if matching else None
