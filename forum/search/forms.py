"""What people fill in to keep a search. The search itself is a plain GET, read by Query."""

from __future__ import annotations

from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from forum.core.characters import one_line
from forum.core.forms import Form
from forum.search.models.empty import LONGEST
from forum.search.models.saved import LONGEST_NAME, LONGEST_QUERY


class SaveForm(Form):
    """The button below the results."""

    query = HiddenField(validators=[DataRequired(), Length(max=LONGEST_QUERY)])


class RenameForm(Form):
    name = StringField(
        "Name",
        filters=[one_line],
        validators=[
            DataRequired("Enter a name"),
            Length(max=LONGEST_NAME, message=f"The name must be {LONGEST_NAME} characters or fewer"),
        ],
    )


class RemoveForm(Form):
    """The team takes words out of the list of what found nothing."""

    words = HiddenField(validators=[DataRequired(), Length(max=LONGEST)])
