"""HTML for people: login, consent, the user's own pages."""

from __future__ import annotations

from flask import Flask
from whitenoise import WhiteNoise

from app.web import consent
from app.web import errors
from app.web import headers
from app.web import home
from app.web import hosts
from app.web import login
from app.web import person

STATIC_SECONDS = 3600


def register(app: Flask) -> None:
    """Bind pages, headers, error pages and the login that Flask-Login loads."""
    hosts.register(app)
    headers.register(app)
    errors.register(app)
    person.register(app)
    app.register_blueprint(login.blueprint)
    app.register_blueprint(consent.blueprint)
    app.register_blueprint(home.blueprint)


def serve_static(app: Flask) -> None:
    """Static files with caching headers, ahead of Flask."""
    folder = app.static_folder
    if folder is not None:
        app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
            app.wsgi_app,
            root=folder,
            prefix="static/",
            max_age=STATIC_SECONDS,
            allow_all_origins=False,
            add_headers_function=headers.of_static_files,
        )
