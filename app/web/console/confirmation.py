"""The confirmation page before an action that has wide effects or cannot be undone:
its one button does it.
"""

from __future__ import annotations

from flask import render_template


def render_confirmation(question: str, about: str, label: str, back: str, back_to: str) -> str:
    """Render the page. ``back`` is the address of the cancel link, ``back_to`` its text."""
    return render_template(
        "console/confirm.html", question=question, about=about, label=label, back=back, back_to=back_to
    )
