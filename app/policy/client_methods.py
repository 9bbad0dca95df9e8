"""The table of client authentication methods, by their registered names (RFC 7591 2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientMethod:
    """How a client authenticates at the token, introspection and revocation endpoints.

    ``parameters`` are those of the form that belong to it.
    """

    name: str
    with_secret: bool
    parameters: tuple[str, ...]


SECRET_BASIC = ClientMethod("client_secret_basic", True, ())
SECRET_POST = ClientMethod("client_secret_post", True, ("client_id", "client_secret"))
NO_SECRET = ClientMethod("none", False, ("client_id",))
CLIENT_METHODS = (SECRET_BASIC, SECRET_POST, NO_SECRET)
METHOD_NAMES = tuple(method.name for method in CLIENT_METHODS)
METHOD_PARAMETERS = tuple(dict.fromkeys(name for one in CLIENT_METHODS for name in one.parameters))


def may_use_method(name: str, *, has_secret: bool) -> bool:
    """Tell whether a client with or without a secret can use the method of this name."""
    return any(method.name == name and method.with_secret == has_secret for method in CLIENT_METHODS)
