"""What people fill in: forms made of the facts that they ask for."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from wtforms import (
    Field,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    SubmitField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from forum.accounts.models import PicksSchool
from forum.case_studies.models.facts import DISCLOSURE, FACT, TRIED, Answers, Fact
from forum.case_studies.models.helped import every_resource
from forum.case_studies.models.register import setting_of
from forum.core.characters import one_line, trimmed
from forum.core.forms import Form
from forum.discussion.models.catalogue import catalogue

SELECTS = ("school_type", "school_size", "region")
LINES = ("title", "school")
TOO_MUCH = 50_000
NAMED = "Leave the name of the school empty, or show your own name: beside your role it would say who you are"


def facts_named(*names: str) -> tuple[Fact, ...]:
    return tuple(FACT[name] for name in names)


def new_token() -> str:
    """Tells one page, or one sending of it, from another."""
    return secrets.token_urlsafe(16)


def token(text: str | None) -> str:
    """A token of one of our forms; a fresh one in place of what is none."""
    kept = (text or "")[:60]
    return kept if kept.isascii() and kept.replace("-", "").replace("_", "").isalnum() else new_token()


class AskingForm(Form):
    """Some facts. `since` says what they were when the form was opened, and `hand` which page it is on."""

    facts: tuple[Fact, ...] = ()
    since = HiddenField()
    hand = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "components" in self:
            self["components"].choices = [SelectChoice(row.slug, row.name) for row in catalogue().components]
        if "resources" in self:
            self["resources"].choices = [SelectChoice(row.slug, row.name) for row in every_resource()]

    @property
    def said(self) -> Answers:
        """What was filled in, by the names of the facts. A choice that was never offered is none."""
        return {fact.name: self._said(fact) for fact in self.facts}

    @property
    def is_too_much(self) -> bool:
        """More than even an unfinished answer may hold."""
        return any(isinstance(said, str) and len(said) > TOO_MUCH for said in self.said.values())

    def settle(self, before: str | None) -> dict[str, str]:
        """What one answer says of the others, once: see InSchool."""
        return {}

    def validate_school(self, field: Field) -> None:
        disclosure = self["disclosure"].data if "disclosure" in self else ""
        if field.data and disclosure == "role-only":
            raise ValidationError(NAMED)

    def _said(self, fact: Fact) -> Any:
        field: Any = self[fact.name]
        if fact.many:
            offered = {choice.value for choice in field.choices}
            return [slug for slug in field.data or [] if slug in offered]
        if fact.choices is not None:
            return field.data if field.data in fact.choices else ""
        return field.data or ""


def asking(facts: Iterable[Fact], base: type[AskingForm] = AskingForm) -> type[AskingForm]:
    """A form that asks for these."""
    asked = tuple(facts)
    bases = (InSchool, base) if FACT["school"] in asked else (base,)
    return type(base.__name__, bases, {"facts": asked, **{fact.name: _field(fact) for fact in asked}})


class InSchool(PicksSchool):
    """A form that asks in which school it was: its name may be picked from the register."""

    school_urn = HiddenField()
    school_asked = HiddenField(filters=[one_line])
    find_school = SubmitField("Find your school")

    def settle(self: Any, before: str | None) -> dict[str, str]:
        """Where a school was picked, other than the one `before`: what is blank and the register knows is filled in,
        and returned."""
        school = self.picked if self.school.data != (before or "") else None
        known = setting_of(school) if school else {}
        filled = {name: said for name, said in known.items() if name in self and not self[name].data}
        for name, said in filled.items():
            self[name].data = said
        return filled


class TrialForm(AskingForm):
    """A report on a trial; `submission` tells a second sending from a new one."""

    submission = HiddenField()


class PublishForm(Form):
    """A button. `since` is the version that changes began from; `token` is a new study's, until it has a number."""

    token = HiddenField()
    since = HiddenField()


class ButtonForm(Form):
    """Nothing but a button; `token` tells a second press from a first."""

    token = HiddenField()


def _field(fact: Fact) -> Any:
    about: dict[str, Any] = {"description": fact.hint, "validators": _rules(fact)}
    if fact.many:
        return SelectMultipleField(
            fact.question, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), **about
        )
    if fact.choices is not None:
        choices = [SelectChoice(value, label) for value, label in fact.choices.items()]
        if fact.name in SELECTS:
            return SelectField(fact.question, choices=[SelectChoice("", "Choose one"), *choices], **about)
        return RadioField(fact.question, choices=choices, **about)
    if fact.name in LINES:
        return StringField(fact.question, filters=[one_line], **about)
    return TextAreaField(fact.question, filters=[trimmed], **about)


def _rules(fact: Fact) -> list[Any]:
    rules: list[Any] = []
    if fact.longest:
        message = f"“{fact.label}” must be {fact.longest:,} characters or fewer"
        rules.append(Length(max=fact.longest, message=message))
    if not fact.missing:
        return [Optional(), *rules]
    if fact.many or fact.choices is not None:
        return [DataRequired(fact.missing), *rules]
    return [_Said(fact.missing), *rules]


class _Said:
    """Not only spaces, or characters that do not show."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: Form, field: Field) -> None:
        if not any(c.isalnum() for c in field.data or ""):
            raise StopValidation(self.message)


REPORT = asking((*TRIED, DISCLOSURE), TrialForm)
