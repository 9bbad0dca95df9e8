"""Health checks: no login, no Host check, and no answer but the state."""

from __future__ import annotations

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import jsonify
from sqlalchemy.exc import SQLAlchemyError

from app.services.ops import readiness

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer that the process is alive."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Answer 200 if the database is reachable, migrated, initialised and under these keys;
    else 503 with the cause. ``warnings`` names what is missing and is no reason not to serve.
    """
    try:
        problem = readiness.find_problem()
    except SQLAlchemyError:
        problem = "database"
    if problem is None:
        return jsonify(status="ready", warnings=readiness.list_warnings()), 200
    return jsonify(status="not ready", problem=problem), 503


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
