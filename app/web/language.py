"""The language of a page: requested by the application, chosen by the user, or the browser's.

Lower layers write their sentences in English; pages translate them here (``translate_sentence``).
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from flask import Flask
from flask import g
from flask import request
from flask import url_for
from flask_babel import Babel
from flask_babel import format_datetime
from flask_babel import get_locale
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from app import cookies
from app.policy.answers import word_publicly
from app.policy.facts import Finding
from app.policy.languages import CODES
from app.policy.languages import LANGUAGES
from app.policy.languages import match_language
from app.policy.redirects import check_next
from app.policy.sentences import Sentence
from app.web.continuation import unwrap_request

# English, the contract's default (4.3), means that nothing was chosen.
OF_USER = {name: code for name, code in CODES.items() if name != "english"}
LOGIN = frozenset({"login", "second_step", "passkey_login", "password"})


def register(app: Flask) -> None:
    """Set up Flask-Babel; give every template its language."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    Babel(app, locale_selector=choose_language)

    app.add_template_filter(format_moment, "moment")

    @app.context_processor
    def _language() -> dict[str, object]:
        return {
            "language": get_locale(),
            "language_links": list_language_links,
            "say": translate_sentence,
            "say_why": translate_finding,
        }

    @app.after_request
    def _vary(response):  # type: ignore[no-untyped-def]
        if response.mimetype == "text/html" and response.location is None:
            response.headers["Content-Language"] = str(get_locale())
            response.vary.add("Accept-Language")
        return response


def choose_language() -> str:
    """Choose the first of: this browser's choice, ``ui_locales`` (OIDC Core 3.1.2.1), the account's,
    the browser's.
    """
    chosen = cookies.read_cookie_values(request, cookies.LANGUAGE)
    if chosen and chosen[0] in LANGUAGES:
        return chosen[0]
    for asked in _read_ui_locales().split():
        known = match_language(asked)
        if known is not None:
            return known
    own: str | None = OF_USER.get(g.get("argus_user_language") or "")
    return own or _match_browser() or "en"


def list_language_links() -> list[tuple[str, str, str | None]]:
    """Return code and name of each language, and a link to choose another;
    no links on a page shown only once.
    """
    if request.method != "GET":
        return []
    # The link does not repeat a return address of another site.
    query = [one for one in request.args.items(multi=True) if one[0] != "next" or check_next(one[1])]
    here, now = request.path + ("?" + urlencode(query) if query else ""), str(get_locale())
    return [
        (code, name, None if code == now else url_for("language.choose", language=code, next=here))
        for code, name in LANGUAGES.items()
    ]


def translate_sentence(sentence: str) -> str:
    """Translate a sentence of a lower layer to the language of this page, with its values."""
    if isinstance(sentence, Sentence):
        return str(gettext(sentence.template)).format(**sentence.values)
    return str(gettext(sentence))


def translate_finding(finding: Finding) -> str:
    """Return what the refused person may be told, in the language of this page."""
    return word_publicly(finding, translate_sentence)


def format_moment(at: datetime) -> str:
    """Format day and time, in UTC, for this language."""
    return str(format_datetime(at, "d MMM y, HH:mm", rebase=False)) + " UTC"


def _read_ui_locales() -> str:
    text = request.args.get("ui_locales")
    if text is None:
        waiting = unwrap_request(request.args.get("continue") or _read_form_locales())
        text = waiting.params.get("ui_locales") if waiting is not None else None
    return (text or "")[:200]


def _read_form_locales() -> str | None:
    """Read ``ui_locales`` from the login's own form only: a protocol request must find its body unread."""
    if request.blueprint not in LOGIN:
        return None
    try:
        return request.form.get("next")
    except HTTPException:  # this is the page that says so
        return None


def _match_browser() -> str | None:
    for asked, _quality in request.accept_languages:
        known = match_language(asked)
        if known is not None:
            return known
    return None
