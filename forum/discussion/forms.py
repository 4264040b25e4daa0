"""What people fill in to take part."""

from __future__ import annotations

import secrets
from typing import Any

from wtforms import HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from forum.core.characters import one_line
from forum.core.forms import Form, with_words
from forum.core.markup import clean_text
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import LONGEST_BODY

LONGEST_TITLE = 150
DISCLOSURES = [
    SelectChoice("named", "With my name"),
    SelectChoice("role-only", "With my role only, such as “A teacher, primary”"),
]


def new_submission() -> str:
    """A token that tells one sending of a form from another."""
    return secrets.token_urlsafe(16)


class PostForm(Form):
    """A reply. `submission` tells a second sending of the same form from a new one."""

    body = TextAreaField(
        "Your reply",
        filters=[lambda text: clean_text(text or "")],
        validators=[
            DataRequired("Enter your reply"),
            Length(max=LONGEST_BODY, message=f"Your text must be {LONGEST_BODY:,} characters or fewer"),
        ],
    )
    disclosure = RadioField("How should your name appear?", choices=DISCLOSURES, default="named")
    submission = HiddenField()
    in_reply_to = HiddenField()

    def fresh_submission(self) -> PostForm:
        self.submission.data = new_submission()
        return self


class ThreadForm(PostForm):
    """A new thread: a title, the components it is about, and the opening post."""

    title = StringField(
        "Title",
        filters=[one_line],
        validators=[
            DataRequired("Enter a title"),
            Length(max=LONGEST_TITLE, message=f"The title must be {LONGEST_TITLE} characters or fewer"),
            with_words,
        ],
    )
    components = SelectMultipleField(
        "Which parts of personalised learning is it about?",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.components.choices = [SelectChoice(row.slug, row.name) for row in catalogue().components]
        self.body.label.text = "What do you want to say?"
        self.body.validators = (DataRequired("Enter what you want to say"), *self.body.validators[1:])


class EditForm(PostForm):
    """A post changed; `since` is the version that the person began from."""

    since = HiddenField()


class EditOpeningForm(ThreadForm):
    """The first post of a thread changed, with its title and components."""

    since = HiddenField()


class ButtonForm(Form):
    """Nothing but a button and its token."""


class DraftForm(Form):
    """What is being written, in any form; `key` says which."""

    key = HiddenField(validators=[DataRequired(), Length(max=100)])
