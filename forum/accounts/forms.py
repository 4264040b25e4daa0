"""What people type about themselves, and the words in which a mistake is told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    SubmitField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Optional, StopValidation

from forum.accounts.models import PHASES, POSITIONS, PicksSchool, User, email_key
from forum.accounts.passwords import weakness
from forum.core.forms import Form
from forum.core.markup import clean_text

LONGEST_ADDRESS = 320
TEAM = "personalised learning team"

Check = Callable[[FlaskForm, Field], None]


def typed(text: str | None) -> str:
    """A line as we keep it: no control characters, nothing that reorders, single spaces. A break stays."""
    return re.sub(r"[^\S\n]+", " ", clean_text(text or "").strip())


def address(text: str | None) -> str:
    """An email address in its one spelling; what is none stays as it was typed."""
    text = clean_text((text or "")[: LONGEST_ADDRESS + 1]).strip()
    return _spelled(text) or text


def is_an_address(form: FlaskForm, field: Field) -> None:
    if _spelled(field.data) is None:
        raise StopValidation("Enter an email address in the correct format, like name@example.com")


def _spelled(text: str) -> str | None:
    """`text` with its domain in small ASCII letters, or None where mail could not reach it."""
    if len(text) > LONGEST_ADDRESS:
        return None
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


def plain_line(what: str) -> Check:
    """One line of words, which does not pretend to be the team: a byline is made of it."""

    def check(form: FlaskForm, field: Field) -> None:
        if "\n" in field.data:
            raise StopValidation(f"{what} must be on one line")
        if not any(each.isalnum() for each in field.data):
            raise StopValidation(f"{what} must have letters in it")
        if TEAM in unicodedata.normalize("NFKC", field.data).casefold():
            raise StopValidation(f"{what} must not say “{TEAM}”: only its members are shown so")

    return check


def email_field(label: str = "Email address") -> Field:
    return EmailField(
        label, filters=[address], validators=[DataRequired("Enter your email address"), is_an_address]
    )


def current_password_field(label: str = "Password", asked: str = "Enter your password") -> Field:
    return PasswordField(label, validators=[InputRequired(asked)])


class Description(PicksSchool, Form):
    """How a person is shown."""

    name = StringField(
        "Your name",
        filters=[typed],
        validators=[
            DataRequired("Enter your name"),
            Length(max=120, message="Name must be 120 characters or fewer"),
            plain_line("Name"),
        ],
    )
    position = RadioField(
        "Your position",
        choices=[SelectChoice(*each) for each in POSITIONS.items()],
        validate_choice=False,
        validators=[AnyOf(POSITIONS, message="Select your position")],
    )
    phase = SelectField(
        "Phase (optional)",
        choices=[SelectChoice("", "Not given"), *(SelectChoice(*each) for each in PHASES.items())],
        validate_choice=False,
        validators=[Optional(), AnyOf(PHASES, message="Select a phase from the list")],
    )
    school = StringField(
        "School or organisation (optional)",
        filters=[typed],
        validators=[
            Optional(),
            Length(max=160, message="School or organisation must be 160 characters or fewer"),
            plain_line("School or organisation"),
        ],
    )
    school_urn = HiddenField()
    school_asked = HiddenField(filters=[typed])
    find_school = SubmitField("Find your school")

    @property
    def described(self) -> dict[str, Any]:
        return {
            "name": self.name.data,
            "position": self.position.data,
            "phase": self.phase.data or None,
            "school": self.school.data or None,
            "picked": self.picked,
        }


class RegisterForm(Description):
    email = email_field()
    password = PasswordField("Choose a password", validators=[InputRequired("Choose a password")])
    adult = BooleanField(
        "I am 18 or over", validators=[DataRequired("You must be 18 or over to have an account")]
    )

    def validate_password(self, field: Field) -> None:
        if found := weakness(field.data, self.email.data, self.name.data):
            raise StopValidation(found)


class SettingsForm(Description):
    disclosure = RadioField(
        "What a new post begins with",
        choices=[
            SelectChoice("named", "My name, position and school"),
            SelectChoice("role-only", "My position and phase alone"),
        ],
        validate_choice=False,
        validators=[AnyOf(["named", "role-only"], message="Select what a new post begins with")],
    )


class SignInForm(Form):
    email = email_field()
    password = current_password_field()
    remember = BooleanField("Keep me signed in on this device for 30 days")
    then = HiddenField()
    kept_action = HiddenField()


class EmailForm(Form):
    email = email_field()


class NewPasswordForm(Form):
    """A new password for `user`, whose name and address it must not be."""

    password = PasswordField("New password", validators=[InputRequired("Choose a new password")])

    def __init__(self, user: User, **named: Any) -> None:
        super().__init__(**named)
        self.user = user

    def validate_password(self, field: Field) -> None:
        if found := weakness(field.data, self.user.email, self.user.name):
            raise StopValidation(found)


class ChangePasswordForm(NewPasswordForm):
    current_password = current_password_field("Current password", "Enter your current password")
    password = PasswordField("New password", validators=[InputRequired("Choose a new password")])

    def validate_current_password(self, field: Field) -> None:
        if not self.user.has_password(field.data):
            raise StopValidation("That is not your current password")


class ChangeEmailForm(Form):
    email = email_field("New email address")
    password = current_password_field()

    def __init__(self, user: User, **named: Any) -> None:
        super().__init__(**named)
        self.user = user

    def validate_email(self, field: Field) -> None:
        if email_key(field.data) == self.user.email_key:
            raise StopValidation("That is your email address already: enter another one")

    def validate_password(self, field: Field) -> None:
        if not self.user.has_password(field.data):
            raise StopValidation("That is not your password")


class CodeForm(Form):
    code = StringField(
        "Six digits, or a recovery code",
        validators=[
            DataRequired("Enter the six digits"),
            Length(max=40, message="Those are too many characters for a code"),
        ],
    )
