"""The login form."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms import PasswordField
from wtforms import StringField
from wtforms import SubmitField
from wtforms.validators import DataRequired
from wtforms.validators import Length


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Name and password; ``next`` is a signed continuation or an own-origin path."""

    username = StringField("Username", [DataRequired("Enter your user name."), Length(max=100)])
    password = PasswordField("Password", [DataRequired("Enter your password."), Length(max=1024)])
    next = HiddenField()
    submit = SubmitField("Log in")
