"""No control character reaches a page: no text of ours holds one, and PostgreSQL takes no NUL in any."""

from __future__ import annotations

from flask import Flask
from flask import abort
from flask import request

from app.schemas.texts import UNCLEAN
from app.web.errors import API_PREFIXES

# What applications send through a browser is judged by the rules of the protocol, which say more.
PROTOCOL = ("consent", "rp_logout")


def register(app: Flask) -> None:
    """Refuse such a query or form before any page reads it."""
    app.before_request(_clean)


def _clean() -> None:
    # Machines are answered in their own form, where their bodies and queries are read.
    if request.path.startswith(API_PREFIXES) or request.blueprint in PROTOCOL:
        return
    for source in (request.args, request.form):
        for name, value in source.items(multi=True):
            if UNCLEAN.search(name) or UNCLEAN.search(value):
                abort(400)
