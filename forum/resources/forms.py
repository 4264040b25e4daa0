"""What people are asked about resources, and what they fill in when they miss one."""

from __future__ import annotations

import secrets
from typing import Any

from wtforms import HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from forum.core.characters import one_line, trimmed
from forum.core.forms import Form, no_longer, with_words
from forum.discussion.models.catalogue import catalogue
from forum.resources.models.words import HELPED, KNOWN, Answers

LONGEST_LINE, LONGEST_TITLE, LONGEST_WHY, LONGEST_BODY = 300, 150, 10_000, 20_000
DISCLOSURES = [
    SelectChoice("named", "With my name"),
    SelectChoice("role-only", "With my role only, such as “A teacher, primary”"),
]


def component_choices() -> list[SelectChoice]:
    return [SelectChoice(row.slug, row.name) for row in catalogue().components]


class Said(Form):
    """Something that becomes a post. `submission` tells a second sending of the form from a new one."""

    disclosure = RadioField("How should your name appear?", choices=DISCLOSURES, default="named")
    submission = HiddenField()

    def fresh_submission(self) -> None:
        self.submission.data = secrets.token_urlsafe(16)

    @property
    def sent_as(self) -> str:
        return (self.submission.data or "")[:64]


def _optional_line(label: str, what: str) -> StringField:
    return StringField(label, filters=[one_line], validators=[no_longer(LONGEST_LINE, what)])


class ReviewForm(Said):
    """A review; `body` and the lines are optional, and `helped` with its two lines is for those who used it."""

    known = RadioField(
        "Have you heard of it?",
        choices=[SelectChoice(*each) for each in KNOWN.items()],
        validate_choice=False,
        validators=[AnyOf(KNOWN, message="Select whether you have heard of it, or used it")],
    )
    helped = RadioField(
        "Did it help?",
        choices=[SelectChoice(*each) for each in HELPED.items()],
        validate_choice=False,
        validators=[Optional(), AnyOf(HELPED, message="Select how much it helped")],
    )
    helped_with = _optional_line("With what? (optional)", "With what it helped")
    helped_whom = _optional_line("For whom? (optional)", "For whom it helped")
    missing = _optional_line("What is missing? (optional)", "What is missing")
    body = TextAreaField(
        "Anything else you want to say about it? (optional)",
        filters=[trimmed],
        validators=[no_longer(LONGEST_BODY, "Your text")],
    )

    def validate_known(self, field: Any) -> None:
        """What was written for those who used it is never thrown away unasked."""
        if field.data != "used" and (self.helped_with.data or self.helped_whom.data):
            raise ValidationError(
                "You said with what or for whom it helped: choose “I have used it”, or take those words out first"
            )

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        if self.known.data == "used" and not self.helped.data:
            self.helped.errors = ("Select how much it helped",)
            good = False
        return good

    @property
    def answers(self) -> Answers:
        used = self.known.data == "used"
        return Answers(
            known=self.known.data,
            helped=self.helped.data if used else None,
            helped_with=self.helped_with.data if used else "",
            helped_whom=self.helped_whom.data if used else "",
            missing=self.missing.data,
            body=self.body.data,
        )

    def fill(self, answers: Answers, with_words: bool) -> None:
        """Begin from an earlier review, with its words where they still stand."""
        self.known.data, self.helped.data = answers.known, answers.helped
        if with_words:
            for name in ("helped_with", "helped_whom", "missing", "body"):
                self[name].data = getattr(answers, name)


class RequestForm(Said):
    """A resource that someone misses. `since` is the version of its post that an edit began from."""

    title = StringField(
        "What do you miss?",
        filters=[one_line],
        validators=[
            DataRequired("Enter what you miss"),
            no_longer(LONGEST_TITLE, "What you miss"),
            with_words,
        ],
    )
    for_whom = StringField(
        "Who is it for?",
        filters=[one_line],
        validators=[
            DataRequired("Enter who it is for"),
            no_longer(LONGEST_LINE, "Who it is for"),
            with_words,
        ],
    )
    body = TextAreaField(
        "Why is it needed?",
        filters=[trimmed],
        validators=[
            DataRequired("Enter why it is needed"),
            no_longer(LONGEST_WHY, "Why it is needed"),
            with_words,
        ],
    )
    components = SelectMultipleField(
        "Which parts of personalised learning is it about?",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    since = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.components.choices = component_choices()


class ButtonForm(Form):
    """Nothing but a button and its token."""
