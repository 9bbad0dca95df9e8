"""The forms for a user without the password."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms import PasswordField
from wtforms import StringField
from wtforms.validators import DataRequired
from wtforms.validators import EqualTo
from wtforms.validators import Length

from app.services.login.passwords import MOST_CHARACTERS


class RecoverForm(FlaskForm):  # type: ignore[misc]
    """The user who needs a link."""

    name = StringField(
        _("Username or e-mail"), [DataRequired(_("Enter your username or e-mail address.")), Length(max=254)]
    )


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password, twice; ``authorization`` is the token of the link."""

    authorization = HiddenField()
    new_password = PasswordField(
        _("New password"),
        [DataRequired(_("Enter a new password.")), Length(max=MOST_CHARACTERS)],
        name="newPassword",
    )
    again = PasswordField(
        _("Repeat the new password"),
        [EqualTo("new_password", _("The two passwords differ. Enter the same one twice."))],
        name="newPasswordAgain",
    )
