"""The key of a client's service user: an API key that nobody ever sees, by which the client alone acts.

All that holds for a key made for somebody else holds for it: it is judged at every use against what its maker
and its user hold then, it ends with either, and the user's keys list it.
"""

from __future__ import annotations

from app.models.apikeys import APIKey
from app.models.clients import OAuthClient
from app.models.directory import User
from app.services.access import apikeys
from app.services.audit.trail import Actor
from app.services.problems import Missing


def give_key(client: OAuthClient, user: User, actor: Actor) -> APIKey:
    """Give the client a key of this user instead of the one it has. Inside a unit of work.

    It does not expire: the client's own secret and address range stand before each use.
    """
    take_key(client, actor)
    key, _text = apikeys.create_key(user, f"Service user of {client.name}"[:1000], actor, days=None)
    client.service_user_id, client.service_key_number = user.id, key.key_number
    return key


def take_key(client: OAuthClient, actor: Actor) -> bool:
    """Revoke the client's key; its sessions end with it. True if it had one. Inside a unit of work."""
    user_id, number = client.service_user_id, client.service_key_number
    client.service_user_id = client.service_key_number = None
    if user_id is None or number is None:
        return False
    try:
        apikeys.revoke_key(user_id, f"{user_id:x}", f"{number:x}", actor)
    except Missing:  # revoked among the user's keys before
        return False
    return True
