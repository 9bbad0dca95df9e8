"""Log in and out in the browser, and approve applications."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError

from app.web.login import consent
from app.web.login import device
from app.web.login import device_link
from app.web.login import logout
from app.web.login import passkey_login
from app.web.login import password
from app.web.login import recovery
from app.web.login import rp_initiated_logout
from app.web.login import second_step

LOGIN_FORMS = (password, second_step, passkey_login, device_link)
PAGES = (
    password,
    second_step,
    passkey_login,
    recovery,
    device_link,
    consent,
    device,
    logout,
    rp_initiated_logout,
)

for page in LOGIN_FORMS:
    page.blueprint.register_error_handler(CSRFError, password.render_afresh)
logout.blueprint.register_error_handler(CSRFError, logout.render_afresh)
recovery.blueprint.register_error_handler(CSRFError, recovery.render_afresh)


def register(app: Flask) -> None:
    """Register the pages."""
    for page in PAGES:
        app.register_blueprint(page.blueprint)
