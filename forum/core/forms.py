"""The form that every form of the site is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms.validators import Length, ValidationError

EXPIRED = "This page was open for too long, or your browser did not keep our cookie. Send the form again"


CHECK = {
    "refuse": "Change what is shown here: it cannot be published",
    "hold": "Check what is shown here before others see it",
    "nudge": "Look at what is shown here once more",
}


class Form(FlaskForm):
    """A form that says in plain words when its token is no longer good, and what was `noticed` in its words."""

    noticed: Sequence[Any] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        good = bool(super().validate(extra_validators))
        self._say_expired()
        return good

    def has_good_token(self) -> bool:
        """For an answer that takes nothing from the form yet: its token alone is looked at."""
        good = bool(self["csrf_token"].validate(self))
        self._say_expired()
        return good

    def typed(self, *names: str) -> dict[str, str]:
        """The words in these fields."""
        return {name: self[name].data or "" for name in names}

    def passes(self, found: Sequence[Any]) -> bool:
        """True where nothing is `found` in the words, or the person has seen what is and goes on. Else the form comes
        back with it: each has an `act`, a key of CHECK."""
        acts = {each.act for each in found}
        ways = () if "refuse" in acts else ("team",) if "hold" in acts else ("team", "publish")
        if not acts or request.form.get("go_on") in ways:
            return True
        self.noticed = found
        self.form_errors = [*self.form_errors, next(text for act, text in CHECK.items() if act in acts)]
        return False

    @property
    def may_go_on(self) -> str:
        """How what is found may be sent all the same: first to the `team`, or `publish`; empty for not at all."""
        acts = {each.act for each in self.noticed}
        return "" if not acts or "refuse" in acts else "team" if "hold" in acts else "publish"

    def _say_expired(self) -> None:
        if "csrf_token" in self and self["csrf_token"].errors:
            self["csrf_token"].errors = [EXPIRED]


def no_longer(most: int, what: str) -> Length:
    return Length(max=most, message=f"{what} must be {most:,} characters or fewer")


def with_words(form: Form, field: Any) -> None:
    """Not only spaces, or characters that do not show."""
    if not any(c.isalnum() for c in field.data or ""):
        raise ValidationError("Enter some words")
