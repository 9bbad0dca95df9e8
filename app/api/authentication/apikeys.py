"""``/apikey`` (contract 3.7): a person's own keys. Making one needs the password again."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import personal
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.schemas.apikeys import APIKeyRequest
from app.api.shapes.apikeys import KeysShape
from app.api.shapes.apikeys import NewKeyShape
from app.api.shapes.apikeys import key_shown
from app.api.shapes.apikeys import keys_shown
from app.services import accounts
from app.services import apikeys
from app.services import directory
from app.services import key_limits
from app.services.accounts import LoginFailed
from app.services.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.unit import write


@blueprint.get(f"{PREFIX}/apikey")
@endpoint(answers=KeysShape)
def list_keys(caller: Caller) -> Answer:
    """The caller's keys that have not been revoked."""
    personal(caller)
    return Answer(KeysShape(keys=keys_shown(apikeys.of_user(caller.user_id))))


@blueprint.post(f"{PREFIX}/apikey")
@endpoint(answers=NewKeyShape, body=APIKeyRequest, statuses=(201,))
def create_key(caller: Caller, body: APIKeyRequest) -> Answer:
    """A new key, shown once. The password is verified before the unit of work: it must not hold a lock."""
    asked = body
    personal(caller)
    if asked.password is None:
        raise Invalid(FieldProblem("password", "Send your password once more.", "MISSING"))
    try:
        accounts.verify_password(caller.domain_id, caller.user_name, asked.password, caller.contact)
    except LoginFailed:
        raise Invalid(FieldProblem("password", "This is not your password.", "WRONG")) from None
    return _store(caller, asked)


def _store(caller: Caller, asked: APIKeyRequest) -> Answer:
    def work() -> NewKeyShape:
        limits = key_limits.from_request(caller, asked.as_limits())
        user = directory.user_by_id(caller.user_id)
        key, text = apikeys.create(
            user,
            asked.description,
            caller.actor,
            days=limits.days,
            sources=limits.sources,
            constraints=limits.constraints,
        )
        return NewKeyShape(api_key_string=text, key_descriptor=key_shown(key))

    return Answer(write(work), status=201)


@blueprint.delete(f"{PREFIX}/apikey/<user_part>/<key_part>")
@endpoint(answers=KeysShape, writes=True)
def revoke_key(caller: Caller, user_part: str, key_part: str) -> Answer:
    """End a key, and every session it bought; answers the keys that remain."""
    personal(caller)
    apikeys.revoke(caller.user_id, user_part, key_part, caller.actor)
    return Answer(KeysShape(keys=keys_shown(apikeys.of_user(caller.user_id))))
