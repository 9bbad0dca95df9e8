"""One-time codes (contract 3.6). Only one answer contains a seed."""

from __future__ import annotations

from typing import Literal

from app.models.directory import User
from app.schemas.wire import Shape
from app.services.login import totp
from app.services.login.totp import Seed


class SeedShape(Shape):
    """TotpInit; the verifying call sends ``cookie`` back; null if there is nothing to verify."""

    seed_base32: str
    seed_base64: str
    key_algorithm: str
    pass_code_length: int
    user_name: str
    cookie: str | None


class MessageShape(Shape):
    message: str


class ChallengeShape(Shape):
    """The 206 answer of a login by code: the code was already used."""

    authentication_method: Literal["TOTP"]
    username: str
    message: str
    failed: bool


def build_seed_shape(seed: Seed, user: User) -> SeedShape:
    """Build the answer with a new seed."""
    return SeedShape(
        seed_base32=seed.base32,
        seed_base64=seed.base64,
        key_algorithm=totp.ALGORITHM,
        pass_code_length=totp.DIGITS,
        user_name=user.short_name,
        cookie=seed.cookie or None,
    )
