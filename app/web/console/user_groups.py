"""Add a user to groups, from the user's own page."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import gettext as _

from app.schemas.requests.subjects import GroupsAdd
from app.services.access.callers import Caller
from app.services.administration import memberships
from app.services.administration import visibility
from app.services.problems import Invalid
from app.web.console import shown_names
from app.web.console import user_page
from app.web.form_values import read_form
from app.web.pages import Page
from app.web.pages import change_policy
from app.web.pages import redirect_with_message
from app.web.pages import require_login

blueprint = Blueprint("user_groups", __name__, url_prefix="/console/users/<user>/groups")


@blueprint.post("")
@require_login
def add(caller: Caller, user: str) -> Page:
    """Add the user to all of these groups, or none; the user gets their rights."""
    found = visibility.get_visible_user(caller, user, caller.domain_id)
    try:
        asked = shown_names.parse_form(GroupsAdd, caller)

        def work(now: Caller) -> None:
            member = visibility.get_visible_user(now, user, now.domain_id)
            memberships.add_to_groups(member, asked.parent_groups, asked.comment, now)

        change_policy(caller, work)
    except Invalid as problem:
        return user_page.render_user_page(caller, found, read_form().with_problems(problem))
    message = _(
        "%(name)s is now in: %(groups)s.", name=found.short_name, groups=", ".join(asked.parent_groups)
    )
    return redirect_with_message(message, "users.show", user=found.id)
