"""``/apikey`` (contract 3.7): a person's own keys. Making one needs the password again."""

from __future__ import annotations

import ipaddress
from typing import Any

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import personal
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.schemas.apikeys import APIKeyRequest
from app.api.shapes import customer_info
from app.api.shapes import function_info
from app.api.shapes import subject_info
from app.api.wire import to_millis
from app.models.apikeys import APIKey
from app.services import accounts
from app.services import apikeys
from app.services import authority
from app.services import directory
from app.services import key_limits
from app.services.accounts import LoginFailed
from app.services.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.unit import write


@blueprint.get(f"{PREFIX}/apikey")
@endpoint()
def list_keys(caller: Caller) -> Answer:
    """The caller's keys that have not been revoked."""
    personal(caller)
    return Answer({"keys": [describe(key) for key in apikeys.of_user(caller.user_id)]})


@blueprint.post(f"{PREFIX}/apikey")
def create_key() -> Any:
    """A new key, shown once. The password is verified before the unit of work: it must not hold a lock."""
    asked = read_body(APIKeyRequest)
    return _create(asked=asked)


@endpoint()
def _create(caller: Caller, asked: APIKeyRequest) -> Answer:
    personal(caller)
    if asked.password is None:
        raise Invalid(FieldProblem("password", "Send your password once more.", "MISSING"))
    try:
        accounts.verify_password(caller.domain_id, caller.user_name, asked.password, caller.contact)
    except LoginFailed:
        raise Invalid(FieldProblem("password", "This is not your password.", "WRONG")) from None
    return _store(caller, asked)


def _store(caller: Caller, asked: APIKeyRequest) -> Answer:
    def work() -> tuple[dict[str, Any], str]:
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
        return describe(key), text

    described, text = write(work)
    return Answer({"apiKeyString": text, "keyDescriptor": described}, status=201)


@blueprint.delete(f"{PREFIX}/apikey/<user_part>/<key_part>")
@endpoint(writes=True)
def revoke_key(caller: Caller, user_part: str, key_part: str) -> Answer:
    """End a key, and every session it bought; answers the keys that remain."""
    personal(caller)
    apikeys.revoke(caller.user_id, user_part, key_part, caller.actor)
    return Answer({"keys": [describe(key) for key in apikeys.of_user(caller.user_id)]})


def describe(key: APIKey) -> dict[str, Any]:
    """ApiKeyDescriptor."""
    bounds = key.constraints or {}
    creator = directory.subjects_by_id([key.created_by_id or key.user_id])
    return {
        "prefix": apikeys.prefix(key),
        "description": key.description,
        "createdTimestamp": to_millis(key.created_at),
        "lastUsedTimestamp": to_millis(key.last_used_at),
        "validUntil": to_millis(key.expires_at),
        "createdByUser": next((subject_info(s) for s in creator.values()), None),
        "lastUsedIP": _address(key.last_used_ip) if key.last_used_ip else None,
        "validSources": [_address(source) for source in key.valid_sources],
        "source": {"provider": "staticIP", "staticOptions": {"ipAddresses": list(key.valid_sources)}},
        "constraints": {
            "customers": [customer_info(c) for c in directory.customers_by_id(bounds.get("customers") or ())],
            "functions": [function_info(f) for f in authority.functions_by_id(bounds.get("functions") or ())],
            "readOnly": bool(bounds.get("readOnly")),
        },
    }


def _address(text: str) -> dict[str, Any]:
    network = ipaddress.ip_network(text, strict=False)
    return {
        "address": str(network.network_address),
        "maskBits": network.prefixlen,
        "ipv6": network.version == 6,
        "host": network.prefixlen == network.max_prefixlen,
        "public": network.is_global,
        "multicast": network.is_multicast,
    }
