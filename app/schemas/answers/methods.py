"""Login methods (contract 3.2)."""

from __future__ import annotations

from typing import Any
from typing import Literal

from pydantic import RootModel

from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.login.login_methods import Method

MethodName = Literal["PASSWORD", "TOTP", "SIGNATURE", "APIKEY"]


class MethodNames(RootModel[MethodName]):
    """The name of a login method, in upper case."""


class MethodSettingsShape(Shape):
    """Our addition: whether an administrator allows this user the method."""

    enabled: bool


class MethodShape(Shape):
    """AuthMethodInfo."""

    method: MethodName
    initialized: bool
    last_login_timestamp: int
    last_login_ip: str | None
    settings: MethodSettingsShape


def build_method_shapes(methods: list[Method]) -> list[Any]:
    """Build the shapes of every login method."""
    return [build_method_shape(method) for method in methods]


def build_method_shape(method: Method) -> MethodShape:
    """Build the shape of one login method."""
    return MethodShape(
        method=method.name.upper(),  # type: ignore[arg-type]
        initialized=method.initialized,
        last_login_timestamp=to_millis(method.last_used_at),
        last_login_ip=method.last_used_ip,
        settings=MethodSettingsShape(enabled=method.enabled),
    )
