"""``/apikey`` (contract 3.7): a person's own keys. Creating or renewing a key requires proof of presence."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import Work
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.policy.ways_in import KEY
from app.schemas.answers.apikeys import KeysShape
from app.schemas.answers.apikeys import NewKeyShape
from app.schemas.answers.apikeys import RenewedKeyShape
from app.schemas.answers.apikeys import build_key_shape
from app.schemas.answers.apikeys import build_key_shapes
from app.schemas.requests.apikeys import APIKeyRequest
from app.schemas.requests.stepup import RenewAPIKey
from app.services.access import apikeys
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration.own_data import Own
from app.services.login import apikey_limits
from app.services.login.apikey_limits import KeyRequest
from app.services.login.reauthentication import require_personal
from app.services.login.stepup_operations import CREATE_KEY
from app.services.login.stepup_operations import RENEW_KEY


@blueprint.get(f"{PREFIX}/apikey")
@endpoint(answers=KeysShape, own=Own.CREDENTIALS)
def list_keys(caller: Caller) -> Answer:
    """List the caller's keys that have not been revoked."""
    return Answer(KeysShape(keys=build_key_shapes(apikeys.list_keys(caller.user_id))))


@blueprint.post(f"{PREFIX}/apikey")
@endpoint(answers=NewKeyShape, body=APIKeyRequest, statuses=(201,), step_up=CREATE_KEY, way_in=KEY)
def create_key(caller: Caller, body: APIKeyRequest) -> Work:  # noqa: ARG001
    """Create a key and show it once. Requires the password or an authorization for ``apikey.create``."""

    def work(now: Caller) -> Answer:
        key, text = apikey_limits.create_key(
            directory.get_user(now.user_id), body.description, body.as_limits(), now
        )
        return Answer(NewKeyShape(api_key_string=text, key_descriptor=build_key_shape(key)), status=201)

    return work


def _name_by_prefix(caller: Caller, user_part: str, key_part: str) -> dict[str, str]:  # noqa: ARG001
    return apikeys.name_key(user_part, key_part)


def _name_by_number(caller: Caller, number: str) -> dict[str, str]:
    return apikeys.name_key(*apikeys.split_key_number(caller.user_id, number))


@blueprint.put(f"{PREFIX}/apikey/<user_part>/<key_part>")
@endpoint(answers=RenewedKeyShape, body=RenewAPIKey, step_up=RENEW_KEY, about=_name_by_prefix, way_in=KEY)
def renew_key(caller: Caller, user_part: str, key_part: str, body: RenewAPIKey) -> Work:  # noqa: ARG001
    """Set a new expiry for a key. Requires the password or an authorization to renew this key."""
    return _renew(user_part, key_part, body)


@blueprint.put(f"{PREFIX}/apikey/<number>")
@endpoint(answers=RenewedKeyShape, body=RenewAPIKey, step_up=RENEW_KEY, about=_name_by_number, way_in=KEY)
def renew_key_by_number(caller: Caller, number: str, body: RenewAPIKey) -> Work:
    """Deprecated: as above, but the key is named by its number alone."""
    return _renew(*apikeys.split_key_number(caller.user_id, number), body)


@blueprint.delete(f"{PREFIX}/apikey/<user_part>/<key_part>")
@endpoint(answers=KeysShape, writes=True)
def revoke_key(caller: Caller, user_part: str, key_part: str) -> Answer:
    """Revoke a key and every session that was started with it; returns the keys that remain."""
    require_personal(caller)
    apikeys.revoke_key(caller.user_id, user_part, key_part, caller.actor)
    return Answer(KeysShape(keys=build_key_shapes(apikeys.list_keys(caller.user_id))))


def _renew(user_part: str, key_part: str, body: RenewAPIKey) -> Work:
    def work(now: Caller) -> Answer:
        asked = KeyRequest(expiration_days=body.expiration_days, disable_expiration=body.disable_expiration)
        days = apikey_limits.check_limits(now, asked).days
        key = apikeys.renew_key(now.user_id, user_part, key_part, days, now.actor)
        return Answer(RenewedKeyShape(renewed_key=build_key_shape(key)))

    return work
