"""What is asked of someone who reports a post, and of the team when it acts."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, Length

from forum.core.forms import Form
from forum.core.markup import clean_text
from forum.discussion.models import Component, Prompt
from forum.discussion.models.words import REASONS

LONGEST_DETAIL = 5_000
LONGEST_NOTE = 2_000
LONGEST_TEXT = 20_000


def _text(typed: str | None) -> str:
    """What was typed, with line ends counted as people count them."""
    return clean_text(typed or "").strip()


def _line(typed: str | None) -> str:
    return " ".join(_text(typed).split())


def _no_longer(most: int, what: str) -> Length:
    return Length(max=most, message=f"{what} must be {most:,} characters or fewer")


def _reasons(label: str) -> RadioField:
    return RadioField(
        label,
        choices=[SelectChoice(*each) for each in REASONS.items()],
        validate_choice=False,
        validators=[AnyOf(REASONS, message="Select a reason")],
    )


class ReportForm(Form):
    reason = _reasons("What is wrong with this post?")
    detail = TextAreaField(
        "Anything else the team should know (optional)",
        filters=[_text],
        validators=[_no_longer(LONGEST_DETAIL, "What the team should know")],
    )


class NoteForm(Form):
    """An act of the team that needs no reason. `then` is where the person goes on, a path of ours."""

    note = TextAreaField(
        "Note (optional)", filters=[_text], validators=[_no_longer(LONGEST_NOTE, "The note")]
    )


class HideForm(NoteForm):
    reason = _reasons("Why is it hidden?")


class MoveForm(NoteForm):
    """Choices are set by the view: the prompts that there are."""

    prompt = RadioField("Which prompt does it belong under?", validate_choice=False)

    def offer(self, prompts: list[Prompt]) -> None:
        self.prompt.choices = [SelectChoice(prompt.slug, prompt.title) for prompt in prompts]
        slugs = [prompt.slug for prompt in prompts]
        self.prompt.validators = (AnyOf(slugs, message="Select a prompt"),)


class CloseForm(Form):
    note = TextAreaField(
        "What the team did, and why",
        filters=[_text],
        validators=[
            DataRequired("Say what the team did, and why"),
            _no_longer(LONGEST_NOTE, "The note"),
        ],
    )


class TextForm(Form):
    """Words of the conversation's own. `since` is when they had last been edited as this form was opened."""

    since = HiddenField()

    def begins_from(self, thing: Prompt | Component) -> bool:
        """False where `thing` has been edited since the form was opened; the next try begins from now."""
        then, self.since.data = self.since.data, edited(thing)
        return bool(then == self.since.data)


class PromptForm(TextForm):
    title = StringField(
        "Title",
        filters=[_line],
        validators=[DataRequired("Enter a title"), _no_longer(200, "The title")],
    )
    question = StringField(
        "Question",
        filters=[_line],
        validators=[DataRequired("Enter a question"), _no_longer(500, "The question")],
    )
    introduction = TextAreaField(
        "Introduction", filters=[_text], validators=[_no_longer(LONGEST_TEXT, "The introduction")]
    )


class ComponentForm(TextForm):
    name = StringField(
        "Name", filters=[_line], validators=[DataRequired("Enter a name"), _no_longer(120, "The name")]
    )
    summary = TextAreaField(
        "Summary",
        filters=[_text],
        validators=[DataRequired("Enter a summary"), _no_longer(LONGEST_TEXT, "The summary")],
    )


def edited(thing: Prompt | Component) -> str:
    """When `thing` was last edited, as a form carries it; empty where it never was."""
    return thing.edited_at.isoformat() if thing.edited_at else ""
