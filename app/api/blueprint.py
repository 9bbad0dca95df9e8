"""The blueprint ``admin`` of Argus's JSON API. Modules of this package add their routes to it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("admin", __name__)
