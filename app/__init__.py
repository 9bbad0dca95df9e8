"""An OAuth2 / OpenID Connect identity provider. ``create_app`` puts it together."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from app import config
from app import cookies
from app import edge
from app import ops
from app import runtime
from app import telemetry
from app.application import Application
from app.extensions import csrf
from app.extensions import db
from app.extensions import login_manager
from app.services.connections import build_options
from app.services.connections import prepare_engine
from app.services.tokens.keyring import keyring

# Of one statement of a request, on either database.
STATEMENT_SECONDS = 10


def create_app(
    overrides: Mapping[str, object] | None = None, *, statement_seconds: int | None = STATEMENT_SECONDS
) -> Flask:
    """Create one application: settings, extensions, OAuth server and blueprints.

    ``overrides`` are ``ARGUS_…`` names laid over the environment. A statement that takes longer than
    ``statement_seconds`` is given up: 503 (``None``: never). Raises ``config.UnsafeConfiguration``.
    """
    settings = config.load_settings(overrides)
    app = Application(__name__, instance_path=str(settings.instance))
    runtime.bind_settings(app, settings)
    telemetry.configure_logging(settings.log_level)
    _configure(app, settings, statement_seconds)

    db.init_app(app)
    with app.app_context():
        # All keys, for Flask's form session and for Flask-WTF's CSRF tokens, each in its own spelling.
        app.secret_key, *fallbacks = keyring().derive_all("flask")
        app.config.update(
            SECRET_KEY_FALLBACKS=fallbacks, WTF_CSRF_SECRET_KEY=[*reversed(fallbacks), app.secret_key]
        )
        prepare_engine(db.engine, statement_seconds)
    # Without its ``init_app``, which would look after a cookie that remembers the user; we have none.
    app.login_manager = login_manager  # type: ignore[attr-defined]
    _register(app)
    # After the checks of host and size: this one reads the form.
    csrf.init_app(app)
    return app


def _configure(app: Flask, settings: config.Settings, statement_seconds: int | None) -> None:
    # JSON keeps the order of fields: the envelope's as in the contract, the token response's as in RFC 6749.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(cookies.build_flask_settings(settings))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=build_options(
            settings.database_url, statement_seconds, pooled=settings.database_pooled
        ),
        MAX_CONTENT_LENGTH=edge.OF_STRANGERS.body_bytes,
        MAX_FORM_MEMORY_SIZE=65_536,
        MAX_FORM_PARTS=100,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        TEMPLATES_AUTO_RELOAD=False,
    )


def _register(app: Flask) -> None:
    # Imported here because blueprints import the extensions that are bound above.
    from app import api
    from app import web
    from app.oauth import routes
    from app.oauth.server import build_server

    build_server(app)
    app.register_blueprint(routes.blueprint)
    api.register(app)
    web.register(app)
    ops.register(app)
    if app.config.get("SERVE_STATIC", True):
        web.serve_static(app)


__all__ = ["create_app"]
