"""What is asked of someone who suggests something, and of the team when it answers."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from forum.core.characters import one_line, trimmed
from forum.core.forms import Form, no_longer, with_words
from forum.core.tokens import new_token
from forum.core.working_time import today
from forum.discussion.models.catalogue import catalogue
from forum.suggestions.models import AnswerDraft, Outcome, Status, Wording
from forum.suggestions.models.composition import needs_date
from forum.suggestions.models.outcomes import REASONS, REFUSED, STATUSES

LONGEST_TITLE, LONGEST_BODY, LONGEST_PART = 150, 20_000, 10_000
LONGEST_OWNER, LONGEST_NOTE = 120, 10_000
MOST_POSTS = 20
DISCLOSURES = [
    SelectChoice("named", "With my name"),
    SelectChoice("role-only", "With my role only, such as “A teacher, primary”"),
]


def _area(label: str, missing: str, most: int, what: str) -> TextAreaField:
    return TextAreaField(
        label, filters=[trimmed], validators=[DataRequired(missing), no_longer(most, what), with_words]
    )


def _note(label: str, missing: str) -> TextAreaField:
    return _area(label, missing, LONGEST_NOTE, "The note")


def _owner() -> StringField:
    return StringField(
        "Who sees to it",
        filters=[one_line],
        validators=[DataRequired("Enter who sees to it"), no_longer(LONGEST_OWNER, "The name"), with_words],
    )


class SuggestionForm(Form):
    """A new suggestion. `seen` says that the nearest others have been looked at; `submission` tells a second sending
    of the same form from a new one."""

    title = StringField(
        "Your suggestion in a few words",
        filters=[one_line],
        validators=[
            DataRequired("Enter your suggestion in a few words"),
            no_longer(LONGEST_TITLE, "The title"),
            with_words,
        ],
    )
    body = _area("What do you suggest?", "Enter what you suggest", LONGEST_BODY, "What you suggest")
    why = _area("Why does it matter?", "Enter why it matters", LONGEST_PART, "Why it matters")
    helps = _area("Who would it help?", "Enter who it would help", LONGEST_PART, "Who it would help")
    components = SelectMultipleField(
        "Which parts of personalised learning is it about?",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    disclosure = RadioField("How should your name appear?", choices=DISCLOSURES, default="named")
    submission = HiddenField()
    seen = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.components.choices = [SelectChoice(row.slug, row.name) for row in catalogue().components]

    def fresh_submission(self) -> None:
        self.submission.data = new_token()

    @property
    def words(self) -> Wording:
        return Wording(self.title.data, self.body.data, self.why.data, self.helps.data)

    def kept(self) -> dict[str, Any]:
        """What a draft keeps of it."""
        most = {"title": 1_000, "body": 2 * LONGEST_BODY, "why": 2 * LONGEST_PART, "helps": 2 * LONGEST_PART}
        words = {name: (self[name].data or "")[:size] for name, size in most.items()}
        chosen = {"components": (self.components.data or [])[:20], "disclosure": self.disclosure.data}
        return {**words, **chosen, "submission": (self.submission.data or "")[:64]}

    def take(self, fields: dict[str, Any]) -> None:
        """Put what was kept into the form."""
        for name in ("title", "body", "why", "helps", "components", "disclosure"):
            if name in fields:
                self[name].data = fields[name]


class EditSuggestionForm(SuggestionForm):
    """A suggestion changed; `since` is the version of its post that the person began from."""

    since = HiddenField()


class ButtonForm(Form):
    """Nothing but a button and its token."""


class VersionForm(Form):
    """A button about one version of a draft."""

    since = HiddenField()


class TakeUpForm(Form):
    owner = _owner()
    note = _note("What happens next", "Enter what happens next")


class AnswerForm(Form):
    """A step to be drafted; choices are those that may follow. `since` is the version that the person began from."""

    status = RadioField("What is the answer?", validate_choice=False)
    reason = SelectField(
        "Reason, where the answer is no",
        choices=[SelectChoice("", "Not a no"), *(SelectChoice(*each) for each in REASONS.items())],
        validate_choice=False,
    )
    note = _note("What to say", "Enter what to say")
    owner = _owner()
    day = StringField("Day", filters=[one_line])
    month = StringField("Month", filters=[one_line])
    year = StringField("Year", filters=[one_line])
    posts = StringField("Numbers of the posts that it rests on", filters=[one_line])
    since = HiddenField()

    def offer(self, steps: list[Status]) -> None:
        self.status.choices = [SelectChoice(step, STATUSES[step]) for step in steps]
        self.status.validators = (AnyOf([str(step) for step in steps], message="Select the answer"),)

    def begin_from(self, draft: AnswerDraft, numbers: dict[int, int]) -> None:
        self.status.data, self.reason.data = draft.status, draft.reason or ""
        self.note.data, self.owner.data = draft.note, draft.owner
        if draft.due_on:
            day = draft.due_on
            self.day.data, self.month.data, self.year.data = str(day.day), str(day.month), str(day.year)
        self.posts.data = ", ".join(str(numbers[id]) for id in draft.posts if id in numbers)
        self.since.data = str(draft.version)

    def validate_reason(self, field: Any) -> None:
        if self.status.data in REFUSED and field.data not in REASONS:
            raise ValidationError("Select a reason: the answer is no")

    def validate_day(self, field: Any) -> None:
        parts = (self.day.data, self.month.data, self.year.data)
        if not any(parts):
            if self.status.data and needs_date(self.status.data):
                raise ValidationError("Enter the day by which it will be done, or looked at again")
            return
        if self.due_on is None:
            raise ValidationError("The date must be a real one, such as 27 3 2027")
        if self.due_on < today():
            raise ValidationError("The date must be today or later")

    def validate_posts(self, field: Any) -> None:
        if not re.fullmatch(r"[0-9]{1,7}(?:[, ]+[0-9]{1,7})*", field.data or "", re.ASCII):
            raise ValidationError("Enter the numbers of the posts that it rests on, such as 1, 4, 7")
        if len(self.numbers) > MOST_POSTS:
            raise ValidationError(f"Name at most {MOST_POSTS} posts")

    @property
    def numbers(self) -> list[int]:
        """The numbers of the posts, each once."""
        return list(
            dict.fromkeys(int(each) for each in re.findall(r"[0-9]{1,7}", self.posts.data or "", re.ASCII))
        )

    @property
    def due_on(self) -> date | None:
        parts = (self.year.data or "", self.month.data or "", self.day.data or "")
        if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
            return None
        try:
            return date(*map(int, parts))
        except ValueError:
            return None

    def outcome(self, posts: list[int]) -> Outcome:
        reason = self.reason.data if self.status.data in REFUSED else None
        return Outcome(self.status.data, self.owner.data, self.note.data, self.due_on, reason, tuple(posts))


class MergeForm(Form):
    """Which suggestion goes on: its number, or its address. `sure` says that both have been looked at."""

    into = StringField(
        "The suggestion that goes on",
        filters=[one_line],
        validators=[DataRequired("Enter its number or its address")],
    )
    note = TextAreaField("Note (optional)", filters=[trimmed], validators=[no_longer(2_000, "The note")])
    sure = HiddenField()

    @property
    def number(self) -> int | None:
        """The thread's id, from `12`, `#12` or an address with `/threads/12-…` or `/suggestions/12` in it."""
        found = re.search(
            r"(?:^#?|/(?:threads|suggestions)/)([0-9]{1,9})(?:\b|-|$)", self.into.data or "", re.ASCII
        )
        return int(found[1]) if found else None
