"""What is asked of the team when it watches for words."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from forum.core.characters import one_line, trimmed, whole_number
from forum.core.forms import Form
from forum.moderation.models.watched import ACTS, KINDS, MOST_PATTERNS
from forum.moderation.models.watching import BadTerm, Kind, checked

LONGEST_NAME, LONGEST_NOTE, LONGEST_TERM, MOST_TERMS = 120, 1_000, 200, 20_000
KIND_HINTS = {
    Kind.WORDS: "One word or phrase on each line. Whole words only; capitals and accents make no difference.",
    Kind.PATTERN: "One pattern on each line, such as “fr[e3]{2} money”: RE2’s regular expressions, in small letters.",
    Kind.HOST: "One on each line, such as “example.com”. Everything below it counts too.",
}
ACT_HINTS = {
    "nudge": "The form comes back once, with your note. The author decides.",
    "hold": "The form comes back with your note. If the author goes on, the post waits in the queue.",
    "refuse": "It cannot be sent with these words. An administrator has to put this to use.",
}


class UseForm(Form):
    """A button about one version of a list: `since` is the one that was looked at."""

    since = HiddenField()

    @property
    def began_from(self) -> int:
        return whole_number(self.since.data) or 0


class WatchedForm(UseForm):
    """A list of terms; `tried` says which of them their writer has seen tried."""

    name = StringField(
        "Name of the list",
        filters=[one_line],
        validators=[
            DataRequired("Enter a name"),
            Length(max=LONGEST_NAME, message=f"The name must be {LONGEST_NAME} characters or fewer"),
        ],
    )
    kind = RadioField(
        "What is on it?",
        choices=[SelectChoice(kind, text) for kind, text in KINDS.items()],
        validate_choice=False,
        validators=[AnyOf(KINDS, message="Select what is on it")],
        default=Kind.WORDS,
    )
    terms = TextAreaField("The list", filters=[trimmed], validators=[DataRequired("Enter what to watch for")])
    act = RadioField(
        "What happens to a post that has one of them?",
        choices=[SelectChoice(act, text) for act, text in ACTS.items()],
        validate_choice=False,
        validators=[AnyOf(ACTS, message="Select what happens")],
    )
    note = TextAreaField(
        "What its author is told",
        filters=[trimmed],
        validators=[
            DataRequired("Say what its author is told"),
            Length(
                max=LONGEST_NOTE,
                message=f"What its author is told must be {LONGEST_NOTE:,} characters or fewer",
            ),
        ],
    )
    tried = HiddenField()

    def validate_terms(self, field: Any) -> None:
        lines = list(dict.fromkeys(line.strip() for line in field.data.split("\n") if line.strip()))
        most = MOST_PATTERNS if self.kind.data == Kind.PATTERN else MOST_TERMS
        if len(lines) > most:
            raise ValidationError(f"The list can have at most {most:,} lines")
        if any(len(line) > LONGEST_TERM for line in lines):
            raise ValidationError(f"Each line must be {LONGEST_TERM} characters or fewer")
        try:
            self.lines = [checked(self.kind.data, line) for line in lines]
        except BadTerm as error:
            raise ValidationError(str(error)) from error
