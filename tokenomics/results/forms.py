"""The forms in which figures are written."""

from __future__ import annotations

from ..inputs.arguments import choice

FORMS = ("png", "svg")


def checked_form(form: str) -> str:
    """A form of figures; raises InputError for another one."""
    return choice(FORMS)("form", form)
