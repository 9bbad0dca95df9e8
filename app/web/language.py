"""Which language a page speaks: asked for by the application, the person's own, or the browser's.

Sentences of lower layers are written in English there and translated here, when a page shows them (``say``).
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
from app.policy.facts import Finding
from app.policy.reasons import public_sentence
from app.policy.redirects import safe_next
from app.policy.sentences import Sentence
from app.web.continuation import unwrap

# ISO code -> its own name. Norwegian in general is read as Bokmål (RFC 5646: no is a macrolanguage).
LANGUAGES = {"en": "English", "nb": "Norsk bokmål"}
ALIASES = {"no": "nb", "nn": "nb"}
# The contract's names (4.3). English is what nobody chose.
OF_USER = {"norwegian": "nb"}
LOGIN = frozenset({"login", "second_step", "passkey_login", "password"})


def register(app: Flask) -> None:
    """Bind Flask-Babel; give every template its language."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    Babel(app, locale_selector=choose)

    app.add_template_filter(moment, "moment")

    @app.context_processor
    def _language() -> dict[str, object]:
        return {"language": get_locale(), "language_links": links, "say": say, "say_why": say_why}

    @app.after_request
    def _vary(response):  # type: ignore[no-untyped-def]
        if response.mimetype == "text/html":
            response.headers["Content-Language"] = str(get_locale())
            response.vary.add("Accept-Language")
        return response


def choose() -> str:
    """The first of: the choice made here, ``ui_locales`` (OIDC Core 3.1.2.1), the account's, browser's."""
    chosen = cookies.sent(request, cookies.LANGUAGE)
    if chosen and chosen[0] in LANGUAGES:
        return chosen[0]
    for asked in _ui_locales().split():
        known = _known(asked)
        if known is not None:
            return known
    own: str | None = OF_USER.get(g.get("argus_user_language") or "")
    return own or _of_browser() or "en"


def links() -> list[tuple[str, str, str | None]]:
    """Code and name of each language, and where to choose another than this; none on a page shown once."""
    if request.method != "GET":
        return []
    # An address that leads away is not repeated.
    query = [one for one in request.args.items(multi=True) if one[0] != "next" or safe_next(one[1])]
    here, now = request.path + ("?" + urlencode(query) if query else ""), str(get_locale())
    return [
        (code, name, None if code == now else url_for("language.choose", language=code, next=here))
        for code, name in LANGUAGES.items()
    ]


def say(sentence: str) -> str:
    """A sentence that a lower layer wrote, in the language of this page, with the values put into it."""
    if isinstance(sentence, Sentence):
        return str(gettext(sentence.template)).format(**sentence.values)
    return str(gettext(sentence))


def say_why(finding: Finding) -> str:
    """What the person refused may be told, in the language of this page."""
    return public_sentence(finding, say)


def moment(at: datetime) -> str:
    """Day and time, in UTC, as this language writes them."""
    return str(format_datetime(at, "d MMM y, HH:mm", rebase=False)) + " UTC"


def _ui_locales() -> str:
    text = request.args.get("ui_locales")
    if text is None:
        waiting = unwrap(request.args.get("continue") or _sent())
        text = waiting.params.get("ui_locales") if waiting is not None else None
    return (text or "")[:200]


def _sent() -> str | None:
    """What the login's form carries on, and only that form's: a protocol request must still find its body."""
    if request.blueprint not in LOGIN:
        return None
    try:
        return request.form.get("next")
    except HTTPException:  # this is the page that says so
        return None


def _of_browser() -> str | None:
    for asked, _quality in request.accept_languages:
        known = _known(asked)
        if known is not None:
            return known
    return None


def _known(tag: str) -> str | None:
    primary = tag.lower().replace("_", "-").split("-")[0]
    primary = ALIASES.get(primary, primary)
    return primary if primary in LANGUAGES else None
