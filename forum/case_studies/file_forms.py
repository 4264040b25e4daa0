"""What is asked about pictures and papers: of those who add them, and of the team that looks at them."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    MultipleFileField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from forum.case_studies.models.files import LONGEST_ALT, STATEMENTS, StudyFile
from forum.core.characters import one_line, trimmed
from forum.core.forms import Form
from forum.discussion.models.words import REASONS

LONGEST_NOTE = 2_000
ACCEPTED = "image/jpeg,image/png,image/webp,application/pdf"


class FilesForm(Form):
    """Files to add, and what is said of those that are there: see `asking_about`."""

    have: tuple[StudyFile, ...] = ()
    files = MultipleFileField("Choose files")
    statement = RadioField(
        "Can a pupil be identified from what you add?",
        choices=[SelectChoice(*each) for each in STATEMENTS.items()],
        validate_choice=False,
    )

    @property
    def sent(self) -> list[tuple[int | None, Any]]:
        """The files that were chosen, each with the id of the one it replaces."""
        chosen: list[tuple[int | None, Any]] = [(None, each) for each in self.files.data or []]
        chosen += [
            (file.id, self[f"instead_{file.id}"].data) for file in self.have if f"instead_{file.id}" in self
        ]
        return [(id, each) for id, each in chosen if getattr(each, "filename", "")]

    @property
    def words(self) -> dict[int, tuple[str, bool]]:
        """What is said of each file, by its id; what is too long is not among it."""
        said = ((file.id, self[f"alt_{file.id}"].data or "", self._decorative(file)) for file in self.have)
        return {id: (alt, decorative) for id, alt, decorative in said if len(alt) <= LONGEST_ALT}

    @property
    def said_of_pupils(self) -> str:
        """A key of STATEMENTS, or empty."""
        return self.statement.data if self.statement.data in STATEMENTS else ""

    def ask_for_the_rest(self) -> None:
        """Errors for what the team cannot do without."""
        for file in self.have:
            alt, decorative = self[f"alt_{file.id}"], self._decorative(file)
            if not alt.errors and not alt.data and not decorative:
                what = "what it shows, or that it is decorative" if file.is_picture else "what it is called"
                alt.errors = (f"{file.name}: say {what}",)
            elif alt.data and decorative:
                alt.errors = (f"{file.name}: say what it shows, or that it is decorative, not both",)
        if any(not file.statement for file in self.have) and not self.said_of_pupils:
            self.statement.errors = ("Say whether a pupil can be identified",)

    def _decorative(self, file: StudyFile) -> bool:
        return bool(file.is_picture and self[f"decorative_{file.id}"].data)


def asking_about(have: list[StudyFile]) -> type[FilesForm]:
    """The form with a question about each of these, and room for another file in place of one that was refused."""
    fields: dict[str, Any] = {"have": tuple(have)}
    for file in have:
        label = "What does it show?" if file.is_picture else "What is it called?"
        fields[f"alt_{file.id}"] = StringField(label, filters=[one_line], validators=[_not_too_long(file)])
        if file.is_picture:
            fields[f"decorative_{file.id}"] = BooleanField("It is decorative: nothing is lost without it")
        if file.is_refused:
            fields[f"instead_{file.id}"] = FileField("Choose another in its place")
    return type("FilesForm", (FilesForm,), fields)


class LookForm(Form):
    """The team has looked at what `seen` names: the hash of the file."""

    seen = HiddenField(validators=[DataRequired()])


class RefuseForm(LookForm):
    reason = RadioField(
        "Why is it not shown?",
        choices=[SelectChoice(*each) for each in REASONS.items()],
        validate_choice=False,
        validators=[AnyOf(REASONS, message="Select a reason")],
    )
    note = TextAreaField(
        "Note to its author (optional)",
        filters=[trimmed],
        validators=[
            Length(max=LONGEST_NOTE, message=f"The note must be {LONGEST_NOTE:,} characters or fewer")
        ],
    )


def _not_too_long(file: StudyFile) -> Any:
    def check(form: Form, field: Any) -> None:
        if len(field.data or "") > LONGEST_ALT:
            raise ValidationError(
                f"{file.name}: what you say of it must be {LONGEST_ALT} characters or fewer"
            )

    return check
