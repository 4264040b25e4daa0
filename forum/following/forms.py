"""What people fill in about what they follow."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length, Optional

from forum.core.forms import Form
from forum.following.models import Level, Pace
from forum.following.models.follows import LONGEST_TARGET

LEVELS = {
    Level.SITE: "On this site only",
    Level.MAIL: "By email at once",
    Level.DIGEST: "In my digest",
}
PACES = {
    Pace.AT_ONCE: "At once, gathered over ten minutes",
    Pace.DAILY: "In a daily digest",
    Pace.WEEKLY: "In a weekly digest",
    Pace.NEVER: "Never: on this site only",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def hour_in_words(hour: int) -> str:
    return {0: "midnight", 12: "midday"}.get(hour, f"{hour % 12 or 12}{'am' if hour < 12 else 'pm'}")


class FollowForm(Form):
    """The button on a page: follow, change the level, mute, or stop."""

    kind = HiddenField(validators=[Length(max=10)])
    target = HiddenField(validators=[Length(max=LONGEST_TARGET)])
    then = HiddenField()
    act = HiddenField(validators=[AnyOf(("follow", "mute", "stop"))])
    level = SelectField(
        choices=[SelectChoice("", ""), *(SelectChoice(str(k), v) for k, v in LEVELS.items())],
        validators=[Optional()],
        default="",
    )


class ChangesForm(Form):
    """Several at once, on the page of all."""

    change = SelectField(
        "Change what you have chosen to",
        choices=[
            SelectChoice("", "Choose a change"),
            *(SelectChoice(str(level), words) for level, words in LEVELS.items()),
            SelectChoice("stop", "Stop following"),
        ],
    )


class FeedForm(Form):
    """Of what a private feed is to be."""

    what = HiddenField(validators=[Length(max=LONGEST_TARGET + 20)])


class ImportForm(Form):
    file = FileField("OPML file", validators=[FileRequired("Choose an OPML file")])


class ChoicesForm(Form):
    """How mail comes, and what is followed without a click."""

    pace = RadioField(
        "What concerns you yourself", choices=[SelectChoice(str(k), v) for k, v in PACES.items()]
    )
    hour = SelectField(
        "Hour", coerce=int, choices=[SelectChoice(str(hour), hour_in_words(hour)) for hour in range(24)]
    )
    weekday = SelectField(
        "Day of a weekly digest",
        coerce=int,
        choices=[SelectChoice(str(n), day) for n, day in enumerate(WEEKDAYS)],
    )
    school_days_only = BooleanField("Only on school days")
    whole_content = BooleanField("Whole posts in the mail")
    follow_on_start = BooleanField("Follow threads that I start")
    follow_on_reply = BooleanField("Follow threads that I reply to")
