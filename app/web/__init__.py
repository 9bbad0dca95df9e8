"""HTML pages: login, consent, and the user's own pages."""

from __future__ import annotations

from flask import Flask
from whitenoise import WhiteNoise

from app.web import account
from app.web import console
from app.web import control_characters
from app.web import errors
from app.web import headers
from app.web import home
from app.web import host_check
from app.web import language
from app.web import language_choice
from app.web import login
from app.web import menus
from app.web import person
from app.web import problems
from app.web import theme
from app.web.form_session import FormSessions
from app.web.words import labels
from app.web.words import mails

STATIC_SECONDS = 3600


def register(app: Flask) -> None:
    """Register pages, headers, error pages and the login that Flask-Login loads."""
    app.session_interface = FormSessions()
    host_check.register(app)
    person.register(app)
    control_characters.register(app)
    headers.register(app)
    errors.register(app)
    problems.register(app)
    language.register(app)
    theme.register(app)
    mails.register(app)
    menus.register(app)
    labels.register(app)
    app.register_blueprint(language_choice.blueprint)
    app.register_blueprint(home.blueprint)
    login.register(app)
    account.register(app)
    console.register(app)


def serve_static(app: Flask) -> None:
    """Serve static files with caching headers, before Flask handles the request."""
    folder = app.static_folder
    if folder is not None:
        app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
            app.wsgi_app,
            root=folder,
            prefix="static/",
            max_age=STATIC_SECONDS,
            allow_all_origins=False,
            add_headers_function=headers.prepare_static_headers(app),
        )
