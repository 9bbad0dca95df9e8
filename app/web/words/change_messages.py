"""Messages about a finished change of a user, a group or a key."""

from __future__ import annotations

from flask_babel import gettext as _

from app.models.apikeys import APIKey
from app.models.directory import Subject
from app.web.language import format_moment


def describe_creation(subject: Subject) -> str:
    """Describe that it was created."""
    return str(_("%(name)s was created.", name=subject.short_name))


def describe_saving(subject: Subject) -> str:
    """Describe that its changes were saved."""
    return str(_("The changes to %(name)s are saved.", name=subject.short_name))


def describe_move(subject: Subject) -> str:
    """Describe that it was moved."""
    where = subject.customer.name
    return str(_("%(name)s now belongs to %(customer)s.", name=subject.short_name, customer=where))


def describe_deletion(subject: Subject) -> str:
    """Describe that it was deleted."""
    return str(_("%(name)s was deleted.", name=subject.short_name))


def describe_key_end(key: APIKey) -> str:
    """Describe when a key ends now."""
    name = key.prefix
    if key.expires_at is None:
        return str(_("The key %(key)s now never ends.", key=name))
    return str(_("The key %(key)s now ends %(time)s.", key=name, time=format_moment(key.expires_at)))
