"""The table of client authentication methods, by their registered names (RFC 7591 2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientMethod:
    """How a client authenticates at the token, introspection, revocation and push endpoints.

    ``of`` is the authentication method that a client is registered with (contract 2.2). ``parameters`` are
    those of the form that belong to it.
    """

    name: str
    of: str
    parameters: tuple[str, ...]


# Of a client: a secret; nothing; a key whose public half we hold.
WITH_SECRET, PUBLIC, WITH_KEY = "password", "none", "privateKey"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

SECRET_BASIC = ClientMethod("client_secret_basic", WITH_SECRET, ())
SECRET_POST = ClientMethod("client_secret_post", WITH_SECRET, ("client_id", "client_secret"))
NO_SECRET = ClientMethod("none", PUBLIC, ("client_id",))
PRIVATE_KEY = ClientMethod(
    "private_key_jwt", WITH_KEY, ("client_id", "client_assertion_type", "client_assertion")
)
CLIENT_METHODS = (SECRET_BASIC, SECRET_POST, NO_SECRET, PRIVATE_KEY)
METHOD_NAMES = tuple(method.name for method in CLIENT_METHODS)
METHOD_PARAMETERS = tuple(dict.fromkeys(name for one in CLIENT_METHODS for name in one.parameters))


def may_use_method(name: str, registered: str) -> bool:
    """Tell whether a client that is registered with this authentication method can use that of this name."""
    return any(method.name == name and method.of == registered for method in CLIENT_METHODS)
