"""``/openapi.json`` and the Swagger page that shows and tries it, from a package's own files: no CDN."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from flask import Blueprint
from flask import Response
from flask import abort
from flask import current_app
from flask import g
from flask import jsonify
from flask import render_template
from flask import request
from flask import send_file

from app import edge
from app.api.openapi import document
from app.edge import Ambiguous
from app.runtime import per_app
from app.runtime import settings
from app.services.login.session_key import session_key

blueprint = Blueprint("docs", __name__)
ASSETS = frozenset(
    {"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-32x32.png"}
)
DAY = 86_400


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document."""
    return jsonify(per_app(_document))


@blueprint.get("/docs")
def page() -> str:
    """Swagger UI over the document; calls use the browser's login, or a key that is pasted."""
    # Its style sheet holds pictures as data addresses: the one thing this page may do beyond the others.
    g.argus_data_images = True
    return render_template("docs.html", session_key=_session_key())


@blueprint.get("/docs/assets/<name>")
def asset(name: str) -> Response:
    """One of Swagger's own files."""
    if name not in ASSETS:
        abort(404)
    return send_file(_folder() / name, max_age=DAY)


def _session_key() -> str:
    """The key by which the page's script signs calls for the browser's own login; empty without one."""
    try:
        credential = edge.presented(request)
    except Ambiguous:
        return ""
    if credential is None or credential.kind != "cookie":
        return ""
    caller = edge.identify(request, credential)
    if caller is None or not caller.interactive or not caller.decision:
        return ""
    return session_key(caller.token)


def _document() -> dict[str, object]:
    return document(current_app._get_current_object(), settings().base_url)  # type: ignore[attr-defined]


@cache
def _folder() -> Path:
    return Path(str(resources.files("flask_swagger_ui"))) / "dist"
