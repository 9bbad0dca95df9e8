"""The forms of the login."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms import PasswordField
from wtforms import StringField
from wtforms.validators import DataRequired
from wtforms.validators import Length

from app.services.login.passwords import MOST_CHARACTERS

TOO_LONG = _("This is too long.")


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Name and password; ``next`` is a signed continuation or an own-origin path."""

    username = StringField(
        _("Username"), [DataRequired(_("Enter your user name.")), Length(max=100, message=TOO_LONG)]
    )
    password = PasswordField(
        _("Password"),
        [DataRequired(_("Enter your password.")), Length(max=MOST_CHARACTERS, message=TOO_LONG)],
    )
    next = HiddenField()


class DeviceLinkForm(FlaskForm):  # type: ignore[misc]
    """The user who needs a link to log in from this browser; ``next`` as above."""

    username = HiddenField(validators=[DataRequired(), Length(max=254)])
    next = HiddenField()


class DeviceForm(FlaskForm):  # type: ignore[misc]
    """The token of that link."""

    authorization = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The current one-time code; ``next`` as above."""

    code = StringField(
        _("Code"),
        [DataRequired(_("Enter the code that your app shows.")), Length(max=20, message=TOO_LONG)],
    )
    next = HiddenField()
