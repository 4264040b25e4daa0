"""The form that every form of the site is."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm

EXPIRED = "This page was open for too long, or your browser did not keep our cookie. Send the form again"


class Form(FlaskForm):
    """A form that says in plain words when its token is no longer good."""

    def validate(self, extra_validators: Any = None) -> bool:
        good = bool(super().validate(extra_validators))
        self._say_expired()
        return good

    def has_good_token(self) -> bool:
        """For an answer that takes nothing from the form yet: its token alone is looked at."""
        good = bool(self["csrf_token"].validate(self))
        self._say_expired()
        return good

    def _say_expired(self) -> None:
        if "csrf_token" in self and self["csrf_token"].errors:
            self["csrf_token"].errors = [EXPIRED]
