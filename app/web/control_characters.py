"""Refuse control characters in page requests:
no valid text contains one, and PostgreSQL does not accept NUL.
"""

from __future__ import annotations

from flask import Flask
from flask import abort
from flask import request

from app.schemas.texts import UNCLEAN
from app.web import hooks
from app.web.errors import API_PREFIXES

# The protocol's own rules judge requests that applications send through a browser, with better messages.
PROTOCOL = ("consent", "rp_logout")


def register(app: Flask) -> None:
    """Refuse such a query or form before any page reads it."""
    hooks.before_pages(app, _refuse_control_characters)


def _refuse_control_characters() -> None:
    # The API checks its bodies and queries itself and answers in its own format.
    if request.path.startswith(API_PREFIXES) or request.blueprint in PROTOCOL:
        return
    for source in (request.args, request.form):
        for name, value in source.items(multi=True):
            if UNCLEAN.search(name) or UNCLEAN.search(value):
                abort(400)
