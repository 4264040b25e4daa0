"""What is asked of someone who reports a post, and of the team when it acts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from email_validator import EmailNotValidError, validate_email
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from forum.accounts.models import User
from forum.core.characters import one_line, trimmed, whole_number
from forum.core.forms import Form, no_longer
from forum.discussion.models import Component, Prompt
from forum.discussion.models.words import REASONS
from forum.moderation.models import Act
from forum.moderation.models.appeals import REVERSED, UPHELD
from forum.moderation.models.bans import KINDS as BANS
from forum.moderation.models.sanctions import KINDS, Kind

LONGEST_DETAIL = 5_000
LONGEST_NOTE = 2_000
LONGEST_TEXT = 20_000
SLOW = {"0": "Not at all", "60": "1 minute", "600": "10 minutes", "3600": "1 hour", "86400": "1 day"}
LASTS = {"1": "1 day", "7": "7 days", "30": "30 days", "90": "90 days", "": "Until the team ends it"}
DECISIONS = {
    Act.PUBLISH: "Publish it, or show it again",
    Act.LEAVE: "Leave it as it is",
    Act.CHANGE: "Ask its author for a change",
    Act.HIDE: "Hide it",
    Act.REMOVE: "Remove it",
}


def _reasons(label: str) -> RadioField:
    return RadioField(
        label,
        choices=[SelectChoice(*each) for each in REASONS.items()],
        validate_choice=False,
        validators=[AnyOf(REASONS, message="Select a reason")],
    )


def _mail(form: Form, field: StringField) -> None:
    try:
        field.data = validate_email(field.data, check_deliverability=False).normalized if field.data else ""
    except EmailNotValidError:
        raise ValidationError("Enter an email address like name@school.org.uk, or leave it empty") from None


def _reasons_or_none() -> SelectField:
    return SelectField(
        "Reason",
        choices=[SelectChoice("", "Select a reason"), *(SelectChoice(*each) for each in REASONS.items())],
        validate_choice=False,
    )


class ReportForm(Form):
    """`email` is asked of visitors alone: someone with an account is told there."""

    reason = _reasons("What is wrong?")
    email = StringField(
        "Your email address (optional)", filters=[one_line], validators=[no_longer(320, "The address"), _mail]
    )
    detail = TextAreaField(
        "Anything else the team should know (optional)",
        filters=[trimmed],
        validators=[no_longer(LONGEST_DETAIL, "What the team should know")],
    )


class SwitchForm(Form):
    """What is held; the prompts are set by the view."""

    everywhere = BooleanField("Every new post waits, everywhere")
    under = SelectMultipleField(
        "New posts wait under these prompts",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, prompts: Iterable[Prompt]) -> None:
        self.under.choices = [SelectChoice(str(prompt.id), prompt.title) for prompt in prompts]


class AppealForm(Form):
    text = TextAreaField(
        "Why do you think the decision is wrong?",
        filters=[trimmed],
        validators=[
            DataRequired("Say why you think the decision is wrong"),
            no_longer(LONGEST_DETAIL, "Your appeal"),
        ],
    )


class NoteForm(Form):
    """An act of the team that needs no reason. `then` is where the person goes on, a path of ours."""

    note = TextAreaField(
        "Note (optional)", filters=[trimmed], validators=[no_longer(LONGEST_NOTE, "The note")]
    )


class HideForm(NoteForm):
    reason = _reasons("Why is it hidden?")
    words = TextAreaField(
        "What its author is told (optional)",
        filters=[trimmed],
        validators=[no_longer(LONGEST_DETAIL, "What its author is told")],
    )


class SweepForm(HideForm):
    """Hide all that a person wrote."""


class ArrangeForm(NoteForm):
    """The settings of a thread; the components are set by the view."""

    title = StringField(
        "Title", filters=[one_line], validators=[DataRequired("Enter a title"), no_longer(150, "The title")]
    )
    components = SelectMultipleField(
        "Which parts of personalised learning is it about?",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    slow = SelectField(
        "How long does a person wait between posts?",
        choices=[SelectChoice(seconds, text) for seconds, text in SLOW.items()],
        validate_choice=False,
        validators=[AnyOf(SLOW, message="Select how long a person waits")],
    )
    holds = BooleanField("Each new post waits for the team")

    def offer(self, components: Iterable[Component]) -> None:
        self.components.choices = [SelectChoice(each.slug, each.name) for each in components]


class SplitForm(NoteForm):
    """Which posts become a thread of their own: those that are ticked, and those whose numbers are typed."""

    posts = SelectMultipleField("Which posts go?", validate_choice=False)
    numbers = StringField("Other posts, by their numbers (optional)", filters=[one_line])
    title = StringField(
        "What is the new thread called?",
        filters=[one_line],
        validators=[DataRequired("Enter a title"), no_longer(150, "The title")],
    )
    components = SelectMultipleField(
        "Which parts of personalised learning is it about?",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, components: Iterable[Component]) -> None:
        self.components.choices = [SelectChoice(each.slug, each.name) for each in components]

    @property
    def chosen(self) -> list[int]:
        ticked = {int(each) for each in self.posts.data or [] if re.fullmatch("[0-9]{1,9}", each)}
        return sorted(ticked | set(_numbers(self.numbers.data or "")))

    def validate_numbers(self, field: StringField) -> None:
        if not re.fullmatch(r"[0-9]{0,9}([ ,–-]+[0-9]{1,9}){0,200}", field.data or ""):
            raise ValidationError("Enter numbers of posts, like 12, 15-18")

    def validate_posts(self, field: SelectMultipleField) -> None:
        if not self.chosen:
            raise ValidationError("Select at least one post")


def _numbers(typed: str) -> Iterable[int]:
    """From "12, 15-18"; of a range no more than 500."""
    for first, last in re.findall(r"([0-9]{1,9})(?:\s*[–-]\s*([0-9]{1,9}))?", typed):
        yield from range(int(first), min(int(last or first), int(first) + 500) + 1)


class MergeForm(NoteForm):
    into = StringField(
        "Into which thread?",
        filters=[one_line],
        validators=[
            DataRequired("Enter the address or the number of a thread"),
            no_longer(500, "The address"),
        ],
    )


class MoveForm(NoteForm):
    """Choices are set by the view: the prompts that there are."""

    prompt = RadioField("Which prompt does it belong under?", validate_choice=False)

    def offer(self, prompts: list[Prompt]) -> None:
        self.prompt.choices = [SelectChoice(prompt.slug, prompt.title) for prompt in prompts]
        slugs = [prompt.slug for prompt in prompts]
        self.prompt.validators = (AnyOf(slugs, message="Select a prompt"),)


class DecisionForm(Form):
    """What becomes of a post. The reason is public; `words` go to its author, `note` stays with the team."""

    act = RadioField(
        "What do you decide?",
        choices=[SelectChoice(act, text) for act, text in DECISIONS.items()],
        validate_choice=False,
        validators=[AnyOf(DECISIONS, message="Select what you decide")],
    )
    reason = SelectField(
        "Reason",
        choices=[SelectChoice("", "Select a reason"), *(SelectChoice(*each) for each in REASONS.items())],
        validate_choice=False,
    )
    words = TextAreaField(
        "What its author is told",
        filters=[trimmed],
        validators=[no_longer(LONGEST_DETAIL, "What its author is told")],
    )
    note = TextAreaField(
        "Note for the team (optional)", filters=[trimmed], validators=[no_longer(LONGEST_NOTE, "The note")]
    )

    def validate_reason(self, field: SelectField) -> None:
        if self.act.data in (Act.HIDE, Act.REMOVE, Act.CHANGE) and field.data not in REASONS:
            raise ValidationError("Select a reason")
        if field.data not in REASONS:
            field.data = ""

    def validate_words(self, field: TextAreaField) -> None:
        if self.act.data == Act.CHANGE and not field.data:
            raise ValidationError("Say what its author should change")


class FileDecisionForm(Form):
    """What becomes of a picture or paper; `seen` is the hash of what the team looked at."""

    seen = HiddenField(validators=[DataRequired()])
    act = RadioField("What do you decide?", validate_choice=False)
    reason = _reasons_or_none()
    words = TextAreaField(
        "What its author is told (optional)",
        filters=[trimmed],
        validators=[no_longer(LONGEST_NOTE, "What its author is told")],
    )
    note = TextAreaField(
        "Note for the team (optional)", filters=[trimmed], validators=[no_longer(LONGEST_NOTE, "The note")]
    )

    def offer(self, is_shown: bool) -> None:
        stay = SelectChoice(Act.LEAVE, "Leave it as it is") if is_shown else None
        keep = stay or SelectChoice(Act.PUBLISH, "Show it to everyone")
        away = "Take it out of sight" if is_shown else "Do not show it"
        self.act.choices = [keep, SelectChoice(Act.REFUSE, away)]
        self.act.validators = (AnyOf([keep.value, Act.REFUSE], message="Select what you decide"),)

    def validate_reason(self, field: SelectField) -> None:
        if self.act.data == Act.REFUSE and field.data not in REASONS:
            raise ValidationError("Select a reason")


class AppealOutcomeForm(Form):
    outcome = RadioField(
        "What do you decide?",
        choices=[
            SelectChoice(UPHELD, "The decision stands"),
            SelectChoice(REVERSED, "The decision is reversed"),
        ],
        validate_choice=False,
        validators=[AnyOf((UPHELD, REVERSED), message="Select what you decide")],
    )
    answer = TextAreaField(
        "Your reason, for the person who appealed",
        filters=[trimmed],
        validators=[DataRequired("Give your reason"), no_longer(LONGEST_DETAIL, "Your reason")],
    )


class PassForm(Form):
    """Whom to ask for a second opinion; choices are set by the view."""

    to = SelectField("Which colleague?", validate_choice=False)
    note = StringField(
        "What do you want to ask? (optional)", filters=[one_line], validators=[no_longer(500, "The question")]
    )

    def offer(self, colleagues: list[User]) -> None:
        choices = [SelectChoice(str(user.id), user.name) for user in colleagues]
        self.to.choices = [SelectChoice("", "Select a colleague"), *choices]
        self.to.validators = (AnyOf([choice.value for choice in choices], message="Select a colleague"),)


class SanctionForm(Form):
    """What is said or done to a person. A warning and what follows have a reason and words for the person."""

    kind = RadioField(
        "What is it?",
        choices=[SelectChoice(kind, text) for kind, text in KINDS.items()],
        validate_choice=False,
        validators=[AnyOf(KINDS, message="Select what it is")],
    )
    days = SelectField(
        "For how long?",
        choices=[SelectChoice(days, text) for days, text in LASTS.items()],
        validate_choice=False,
        validators=[AnyOf(LASTS, message="Select for how long")],
        default="7",
    )
    reason = SelectField(
        "Reason",
        choices=[SelectChoice("", "Select a reason"), *(SelectChoice(*each) for each in REASONS.items())],
        validate_choice=False,
    )
    words = TextAreaField(
        "What the person is told",
        filters=[trimmed],
        validators=[no_longer(LONGEST_DETAIL, "What the person is told")],
    )
    note = TextAreaField(
        "Note for the team", filters=[trimmed], validators=[no_longer(LONGEST_NOTE, "The note")]
    )

    def validate_reason(self, field: SelectField) -> None:
        if self.kind.data != Kind.NOTE and field.data not in REASONS:
            raise ValidationError("Select a reason")
        if field.data not in REASONS:
            field.data = ""

    def validate_words(self, field: TextAreaField) -> None:
        if self.kind.data == Kind.WARNING and not field.data:
            raise ValidationError("Say what the person is warned of")

    def validate_note(self, field: TextAreaField) -> None:
        if self.kind.data == Kind.NOTE and not field.data:
            raise ValidationError("Enter the note")


class PersonDecisionForm(SanctionForm):
    """What comes of a report about a person: nothing, or what SanctionForm asks for."""

    kind = RadioField(
        "What do you decide?",
        choices=[
            SelectChoice(Act.LEAVE, "Leave it: nothing needs to be done"),
            *(SelectChoice(kind, text) for kind, text in KINDS.items()),
        ],
        validate_choice=False,
        validators=[AnyOf((Act.LEAVE, *KINDS), message="Select what you decide")],
    )

    def validate_reason(self, field: SelectField) -> None:
        if self.kind.data == Act.LEAVE:
            field.data = ""
        else:
            super().validate_reason(field)


class ReverseForm(Form):
    why = TextAreaField(
        "Why is it reversed?",
        description="The person whom it is about is told this.",
        filters=[trimmed],
        validators=[DataRequired("Say why it is reversed"), no_longer(LONGEST_NOTE, "The reason")],
    )


class RulesForm(Form):
    """`since` is the version that the writer began from."""

    source = TextAreaField(
        "The rules",
        filters=[trimmed],
        validators=[DataRequired("Enter the rules"), no_longer(LONGEST_TEXT, "The rules")],
    )
    since = HiddenField()

    @property
    def number(self) -> int:
        return whole_number(self.since.data) or 0


class _WordingsForm(Form):
    @property
    def wordings(self) -> dict[str, str]:
        return {reason: self[reason].data or "" for reason in REASONS}


WordingsForm = type(
    "WordingsForm",
    (_WordingsForm,),
    {
        reason: TextAreaField(label, filters=[trimmed], validators=[no_longer(LONGEST_DETAIL, "The wording")])
        for reason, label in REASONS.items()
    },
)


class MemberForm(Form):
    email = StringField(
        "Email address",
        filters=[one_line],
        validators=[DataRequired("Enter an email address"), no_longer(320, "The address")],
    )
    role = RadioField(
        "What can they do?",
        choices=[
            SelectChoice("team", "Moderate and answer"),
            SelectChoice("administrator", "Moderate and answer, and change who is on the team"),
        ],
        validate_choice=False,
        validators=[AnyOf(("team", "administrator"), message="Select what they can do")],
    )


class ButtonForm(Form):
    """Nothing but a button and its token."""


class BanForm(NoteForm):
    """Where spam came from."""

    kind = RadioField(
        "What is banned?",
        choices=[SelectChoice(kind, text) for kind, text in BANS.items()],
        validate_choice=False,
        validators=[AnyOf(BANS, message="Select what is banned")],
    )
    value = StringField(
        "Which one?",
        filters=[one_line],
        validators=[DataRequired("Enter the address, the domain or the network"), no_longer(254, "It")],
    )
    days = SelectField(
        "For how long?",
        choices=[SelectChoice(days, text) for days, text in LASTS.items()],
        default="30",
        validate_choice=False,
        validators=[AnyOf(LASTS, message="Select for how long")],
    )
    reason = SelectField(
        "Reason",
        choices=[SelectChoice(*each) for each in REASONS.items()],
        default="spam",
        validate_choice=False,
        validators=[AnyOf(REASONS, message="Select a reason")],
    )


class BulkForm(Form):
    """The numbers of the items that are ticked in the list."""

    items = SelectMultipleField("Items", validate_choice=False, validators=[DataRequired()])

    @property
    def numbers(self) -> list[int]:
        return [int(each) for each in (self.items.data or [])[:100] if each.isdecimal() and len(each) < 10]


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
        filters=[one_line],
        validators=[DataRequired("Enter a title"), no_longer(200, "The title")],
    )
    question = StringField(
        "Question",
        filters=[one_line],
        validators=[DataRequired("Enter a question"), no_longer(500, "The question")],
    )
    introduction = TextAreaField(
        "Introduction", filters=[trimmed], validators=[no_longer(LONGEST_TEXT, "The introduction")]
    )


class ComponentForm(TextForm):
    name = StringField(
        "Name", filters=[one_line], validators=[DataRequired("Enter a name"), no_longer(120, "The name")]
    )
    summary = TextAreaField(
        "Summary",
        filters=[trimmed],
        validators=[DataRequired("Enter a summary"), no_longer(LONGEST_TEXT, "The summary")],
    )


def edited(thing: Prompt | Component) -> str:
    """When `thing` was last edited, as a form carries it; empty where it never was."""
    return thing.edited_at.isoformat() if thing.edited_at else ""
