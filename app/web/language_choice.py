"""``/language/<language>``: a person's own choice, kept by the browser (decision 17)."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.policy import redirects
from app.runtime import settings
from app.web.language import CHOICE
from app.web.language import LANGUAGES

blueprint = Blueprint("language", __name__)
YEAR = 31_536_000


@blueprint.get("/language/<language>")
def choose(language: str) -> Response:
    """Remember the language and go back to the page. A link from elsewhere can change words, no more."""
    if language not in LANGUAGES:
        raise NotFound
    answer = redirect(redirects.safe_next(request.args.get("next")) or url_for("home.index"), 303)
    answer.set_cookie(
        CHOICE, language, max_age=YEAR, path="/", httponly=True, samesite="Lax", secure=settings().is_https
    )
    return answer
