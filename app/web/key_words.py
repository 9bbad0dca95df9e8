"""What is said of an API key after something was done to it."""

from __future__ import annotations

from flask_babel import gettext as _

from app.models.apikeys import APIKey
from app.services.access import apikeys
from app.web.language import moment


def ends_words(key: APIKey) -> str:
    """Until when a key counts now."""
    name = apikeys.prefix(key)
    if key.expires_at is None:
        return str(_("The key %(key)s now never ends.", key=name))
    return str(_("The key %(key)s now ends %(time)s.", key=name, time=moment(key.expires_at)))
