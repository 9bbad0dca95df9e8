"""The words of mails: each letter of the services as plain text and HTML, in the recipient's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext
from flask_babel import ngettext

from app import runtime
from app.policy.languages import CODES
from app.runtime import settings
from app.services.mail import notices
from app.services.mail.mailer import Mail
from app.services.mail.notices import Kind
from app.services.mail.notices import Notice

SUBJECTS: Mapping[Kind, str] = {
    Kind.RECOVERY: lazy_gettext("A new password"),
    Kind.ADDRESS: lazy_gettext("Confirm your e-mail address"),
    Kind.FIRST_PASSWORD: lazy_gettext("Your new account"),
    Kind.NEW_PASSWORD: lazy_gettext("Choose a new password"),
    Kind.PASSWORD_CHANGED: lazy_gettext("Your password was changed"),
    Kind.FACTOR_ADDED: lazy_gettext("A second factor was added"),
    Kind.FACTOR_REMOVED: lazy_gettext("A second factor was removed"),
    Kind.KEY_MADE: lazy_gettext("A new API key was created"),
    Kind.ADDRESS_CHANGED: lazy_gettext("Your e-mail address was changed"),
    Kind.CODES_GUESSED: lazy_gettext("Somebody who knows your password enters wrong codes"),
    Kind.DEVICE_LINK: lazy_gettext("Log in from this browser"),
}
WITH_LINK = frozenset({Kind.RECOVERY, Kind.ADDRESS, Kind.FIRST_PASSWORD, Kind.NEW_PASSWORD, Kind.DEVICE_LINK})


def register(app: Flask) -> None:
    """Give the services the words of mails: services choose what to tell, and know no template."""
    runtime.provide(app, notices.WORDS, word_mail)


def word_mail(letter: Notice) -> Mail:
    """Build the mail of a letter. Needs no request: mails are worded after the answer."""
    language = CODES.get(letter.language or "", "en")
    with force_locale(language):
        subject = str(SUBJECTS[letter.kind])
        told = {
            "letter": letter,
            "language": language,
            "subject": subject,
            "site": settings().base_url,
            "lifetime": _describe_duration(letter.lifetime) if letter.lifetime is not None else None,
        }
        name = letter.kind if letter.kind in WITH_LINK else "notice"
        # Not Flask's render_template: its templates look up the user, and here there is none.
        templates = current_app.jinja_env
        text, html = (templates.get_template(f"mail/{name}.{form}").render(told) for form in ("txt", "html"))
    return Mail(letter.to, subject, text, html)


def _describe_duration(lifetime: timedelta) -> str:
    """Describe a duration in whole hours if possible, else in minutes; never longer than it is."""
    minutes = int(lifetime.total_seconds()) // 60
    if minutes and minutes % 60 == 0:
        return str(ngettext("%(num)d hour", "%(num)d hours", minutes // 60))
    return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))
