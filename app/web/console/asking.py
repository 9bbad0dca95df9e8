"""The question before what is wide or cannot be undone: a page whose one button does it."""

from __future__ import annotations

from flask import render_template


def asking(question: str, about: str, label: str, back: str, back_to: str) -> str:
    """The page. ``back`` is where one goes who would rather not, called ``back_to``."""
    return render_template(
        "console/confirm.html", question=question, about=about, label=label, back=back, back_to=back_to
    )
