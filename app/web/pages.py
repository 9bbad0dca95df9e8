"""Pages that need a login: the caller, one unit of work per action, and the way there and back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from typing import TypeVar
from urllib.parse import urlencode

from flask import current_app
from flask import flash
from flask import redirect
from flask import request
from flask import session
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.services.access import reloading
from app.services.access.callers import Caller
from app.services.administration.policy_changes import run_policy_change
from app.services.login import password_change
from app.services.unit_of_work import run_in_transaction
from app.web import person

T = TypeVar("T")
Page = Response | str | tuple[str, int]
View = Callable[..., Page]
# In the form session: the page of a form that came when its login had ended.
UNSAVED = "unsaved"
# The category of a message that is no good news.
WARNING = "warning"


def require_login(view: View) -> View:
    """Require a live login and give the view its ``caller``;
    everybody else logs in and returns to the page.
    """

    @functools.wraps(view)
    def call(**path: Any) -> Page:
        somebody = person.current_person()
        return view(somebody.caller, **path) if somebody is not None else redirect_to_login()

    return call


def run_as_caller(caller: Caller, work: Callable[[Caller], T]) -> T:
    """Run ``work`` in one unit of work, with the caller's current facts. Raises ``Denied``."""
    return run_in_transaction(lambda: work(reloading.reload_caller(caller)))


def change_policy(caller: Caller, work: Callable[[Caller], T]) -> T:
    """As ``run_as_caller``, for what writes functions, customers, groups or permissions, or blocks somebody.

    Raises ``LastAdministrator`` too.
    """
    return run_policy_change(lambda: work(reloading.reload_caller(caller)))


def redirect_with_message(message: str, endpoint: str, **values: Any) -> Response:
    """Redirect with a message that the action is done (303: security rule 38)."""
    flash(message)
    return redirect(url_for(endpoint, **values), 303)


def redirect_to_login() -> Response:
    """Redirect to the login, which leads back to this page, or to the page of the form that was sent.

    What was sent is dropped; the login page says so, and the page does after the login.
    """
    caller = person.find_caller_by_cookie(request)
    if caller is not None and caller.is_interactive and password_change.must_change(caller):
        return redirect(url_for("password.change"), 303)
    place = find_way_back()
    # A script asks by itself, and nothing is lost with its question.
    if request.method == "POST" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        session[UNSAVED] = place
    return redirect(url_for("login.login") + "?" + urlencode({"next": place}), 303)


def lost_a_form(place: str | None) -> bool:
    """Tell whether a form of this page was dropped, because its login had ended."""
    return bool(place) and session.get(UNSAVED) == place


def renew_form_session() -> None:
    """Begin a new form session, with another CSRF token (security rule 40). It still knows of a lost form."""
    place = session.get(UNSAVED)
    session.clear()
    if place is not None:
        session[UNSAVED] = place


def tell_of_lost_form(place: str | None) -> None:
    """After a login: put a message on this page if its form was dropped."""
    lost = lost_a_form(place)
    session.pop(UNSAVED, None)
    if lost:
        flash(_("Your login had ended when you sent this form. Nothing was saved: send it again."), WARNING)


def find_way_back() -> str:
    """Return this page by GET, or the nearest page above it: an action's URL may have no page.

    The posted data is dropped and not sent again.
    """
    rule = request.url_rule
    if request.method == "GET" and rule is not None:
        return request.full_path.rstrip("?")
    pages, path = current_app.create_url_adapter(request), request.path
    while pages is not None and path.strip("/"):
        for one in (path, path + "/"):
            if pages.test(one, "GET"):
                return one
        path = path.rstrip("/").rpartition("/")[0]
    return "/"
