"""Log in and out in the browser, and approve applications."""

from __future__ import annotations

from flask import Flask

from app.web.login import consent
from app.web.login import device_link
from app.web.login import logout
from app.web.login import passkey_login
from app.web.login import password
from app.web.login import recovery
from app.web.login import rp_initiated_logout
from app.web.login import second_step

PAGES = (password, second_step, passkey_login, recovery, device_link, consent, logout, rp_initiated_logout)


def register(app: Flask) -> None:
    """Register the pages."""
    for page in PAGES:
        app.register_blueprint(page.blueprint)
