"""What the team fills in: facts of a resource, its end, what changed, and answers to requests."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from wtforms import HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.fields.choices import SelectChoice
from wtforms.utils import unset_value
from wtforms.validators import AnyOf, DataRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from forum.core.characters import one_line, trimmed
from forum.core.forms import Form, no_longer, with_words
from forum.resources.forms import LONGEST_LINE, component_choices
from forum.resources.models.words import ASKED, STATES, Facts

LONGEST_NOTE = 10_000
PARTS = ("day", "month", "year")
MOST_POSTS = 20
A_POST = re.compile(r"(?:https?://\S*)?/posts/(\d{1,9})/?")
A_NUMBER = re.compile(r"#?(\d{1,9})|\S*#post-(\d{1,9})")


class DayField(Field):
    """A date in three boxes, `<name>-day`, `-month` and `-year`, as GOV.UK asks for one. `parts` is what was typed."""

    def __init__(self, label: str, missing: str = "", **kwargs: Any) -> None:
        self.missing = missing
        self.parts: dict[str, str] = dict.fromkeys(PARTS, "")
        super().__init__(label, **kwargs)

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data)
        if self.data:
            self.parts = {part: str(getattr(self.data, part)) for part in PARTS}
        if formdata is not None and any(f"{self.name}-{part}" in formdata for part in PARTS):
            self.parts = {part: one_line(formdata.get(f"{self.name}-{part}"))[:20] for part in PARTS}
            self.data = None

    def pre_validate(self, form: Any) -> None:
        if not any(self.parts.values()):
            if self.missing:
                raise ValidationError(self.missing)
            return
        typed = [self.parts[part] for part in reversed(PARTS)]
        if (
            not all(part.isascii() and part.isdigit() for part in typed)
            or not 1900 <= int(typed[0][:5]) <= 2200
        ):
            raise ValidationError(f"{self.label.text} must be a real date, such as 27 3 2027")
        try:
            self.data = date(*(int(part[:5]) for part in typed))
        except ValueError:
            raise ValidationError(f"{self.label.text} must be a real date, such as 27 3 2027") from None


def on_the_web(form: Form, field: Any) -> None:
    """An address that a reader may be sent to: http or https, with a host, and nothing that a browser reads
    otherwise than we do."""
    if not field.data:
        return
    try:
        parts = urlsplit(field.data)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        good = False
    if not good or re.search(r"[\s\\\"'<>`]", field.data):
        raise ValidationError("Enter an address that begins with https:// or http://")


class ResourceForm(Form):
    """The facts of a resource. `since` is when they had last been edited as the form was opened."""

    name = StringField(
        "Name",
        filters=[one_line],
        validators=[DataRequired("Enter a name"), no_longer(150, "The name"), with_words],
    )
    provider = StringField(
        "Provider",
        filters=[one_line],
        validators=[DataRequired("Enter who provides it"), no_longer(200, "The provider")],
    )
    group = StringField(
        "Group",
        filters=[lambda typed: one_line(typed).lower()],
        validators=[DataRequired("Enter a group"), no_longer(40, "The group"), with_words],
    )
    audience = StringField(
        "Who it is for",
        filters=[one_line],
        validators=[DataRequired("Enter who it is for"), no_longer(LONGEST_LINE, "Who it is for")],
    )
    components = SelectMultipleField(
        "Which parts of personalised learning it serves",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    address = StringField(
        "Address then",
        filters=[one_line],
        validators=[DataRequired("Enter the address it had"), no_longer(300, "The address")],
    )
    archived_address = StringField(
        "Archived address (optional)",
        filters=[trimmed],
        validators=[no_longer(500, "The archived address"), on_the_web],
    )
    summary = TextAreaField(
        "Summary",
        filters=[trimmed],
        validators=[DataRequired("Enter a summary"), no_longer(LONGEST_NOTE, "The summary")],
    )
    since = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.components.choices = component_choices()

    @property
    def facts(self) -> Facts:
        chosen = {name: self[name].data for name in Facts.__dataclass_fields__ if name != "components"}
        return Facts(components=list(self.components.data or []), **chosen)


class RetireForm(Form):
    on = DayField("When it was retired", missing="Enter when it was retired")
    because = TextAreaField(
        "Why",
        filters=[trimmed],
        validators=[DataRequired("Enter why it was retired"), no_longer(2_000, "The reason")],
    )


class ChangeForm(Form):
    """What changed because of what people said. `rests_on` names posts by their numbers or addresses."""

    on = DayField("When it changed", missing="Enter when it changed")
    what = TextAreaField(
        "What changed",
        filters=[trimmed],
        validators=[DataRequired("Enter what changed"), no_longer(LONGEST_NOTE, "What changed"), with_words],
    )
    rests_on = StringField(
        "The posts it rests on (optional)",
        filters=[one_line],
        validators=[no_longer(2_000, "The list of posts")],
    )
    submission = HiddenField()
    since = HiddenField()

    def validate_rests_on(self, field: Any) -> None:
        for name in self._named:
            if not (A_POST.fullmatch(name) or A_NUMBER.fullmatch(name)):
                raise ValidationError(f"“{name[:60]}” is not the number or the address of a post")
        if len(self._named) > MOST_POSTS:
            raise ValidationError(f"Name {MOST_POSTS} posts or fewer")

    @property
    def posts(self) -> tuple[set[int], set[int]]:
        """The ids of posts, and the numbers of posts in the resource's own thread."""
        ids = {int(found[1]) for name in self._named if (found := A_POST.fullmatch(name))}
        numbers = {int(found[1] or found[2]) for name in self._named if (found := A_NUMBER.fullmatch(name))}
        return ids, numbers

    @property
    def _named(self) -> list[str]:
        return re.split(r"[\s,;]+", self.rests_on.data) if self.rests_on.data else []


class AnswerForm(Form):
    """An answer to a request. `since` is how many answers there were when the form was opened."""

    state = RadioField(
        "What will become of it?",
        choices=[SelectChoice(*each) for each in STATES.items() if each[0] != ASKED],
        validate_choice=False,
        validators=[
            AnyOf([state for state in STATES if state != ASKED], message="Select what will become of it")
        ],
    )
    owner = StringField(
        "Who sees to it",
        filters=[one_line],
        validators=[DataRequired("Enter who sees to it"), no_longer(120, "Who sees to it"), with_words],
    )
    due = DayField("By when (optional)")
    note = TextAreaField(
        "What you say to those who asked",
        filters=[trimmed],
        validators=[
            DataRequired("Enter what you say to those who asked"),
            no_longer(LONGEST_NOTE, "The note"),
            with_words,
        ],
    )
    submission = HiddenField()
    since = HiddenField()
