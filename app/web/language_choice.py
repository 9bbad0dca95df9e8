"""``/language/<language>``: the user's own choice, stored in the browser (decision 17)."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import cookies
from app.policy import redirects
from app.policy.languages import LANGUAGES

blueprint = Blueprint("language", __name__)


@blueprint.get("/language/<language>")
def choose(language: str) -> Response:
    """Store the language and return to the page. A foreign link can change the language, nothing else."""
    if language not in LANGUAGES:
        raise NotFound
    answer = redirect(redirects.check_next(request.args.get("next")) or url_for("home.index"), 303)
    cookies.store(answer, cookies.LANGUAGE, language)
    return answer
