"""``/openapi.json`` and the Swagger page that displays it.
The page's files come from a package, not from a CDN.
"""

from __future__ import annotations

import mimetypes
from functools import cache
from importlib import resources

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import abort
from flask import current_app
from flask import g
from flask import render_template
from flask import request

from app import documents
from app import edge
from app.api.openapi import build_document
from app.edge import AmbiguousCredential
from app.runtime import per_app
from app.runtime import settings
from app.services.login.session_key import derive_session_key

blueprint = Blueprint("docs", __name__)
ASSETS = frozenset(
    {"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-32x32.png"}
)
DAY = 86_400


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI document."""
    return documents.respond(per_app(_write_document))


@blueprint.get("/docs")
def page() -> str:
    """Show Swagger UI for the document.
    Calls use the browser's login or an API key that the reader enters.
    """
    # Swagger's style sheet contains images as data URLs: the only thing this page may do that others may not.
    g.argus_data_images = True
    return render_template("docs.html", session_key=_find_session_key())


@blueprint.get("/docs/assets/<name>")
def asset(name: str) -> Response:
    """Return one of Swagger's own files."""
    if name not in ASSETS:
        abort(404)
    kind, _ = mimetypes.guess_type(name)
    return documents.respond(_read_asset(name), str(kind), seconds=DAY)


def _find_session_key() -> str:
    """Return the key with which the page's script signs calls of the browser's login;
    empty without a login.
    """
    try:
        credential = edge.find_credential(request)
    except AmbiguousCredential:
        return ""
    if credential is None or credential.kind != "cookie":
        return ""
    caller = edge.identify_caller(request, credential)
    if caller is None or not caller.is_interactive or not caller.decision:
        return ""
    return derive_session_key(caller.token)


def _write_document() -> bytes:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return documents.write_json(build_document(app, settings().base_url))


@cache
def _read_asset(name: str) -> bytes:
    return resources.files("flask_swagger_ui").joinpath("dist", name).read_bytes()
