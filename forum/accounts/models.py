"""People: those with an account (User), everyone else (Visitor), and the letters we send them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from blinker import Signal
from flask_login import AnonymousUserMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, Text, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.passwords import hash_password, matches, spend_the_same_time
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.errors import Refused
from forum.core.tokens import digest, new_token


class Role(StrEnum):
    PARTICIPANT = "participant"
    TEAM = "team"
    ADMINISTRATOR = "administrator"


POSITIONS = {
    "headteacher": "Headteacher",
    "teacher": "Teacher",
    "support-staff": "Support staff",
    "governor": "Governor",
    "local-authority": "Local authority",
    "parent-or-carer": "Parent or carer",
    "other": "Other",
}
PHASES = {
    "early-years": "Early years",
    "primary": "Primary",
    "middle": "Middle",
    "secondary": "Secondary",
    "16-plus": "16 plus",
    "all-through": "All-through",
    "special": "Special or alternative provision",
}
ROLE_ONLY = {
    "headteacher": "A headteacher",
    "teacher": "A teacher",
    "support-staff": "A member of support staff",
    "governor": "A governor",
    "local-authority": "Someone from a local authority",
    "parent-or-carer": "A parent or carer",
}


class Taken(Refused):
    """The email address belongs to another account."""

    status = 409

    def __init__(self) -> None:
        super().__init__("That email address now belongs to another account.")


described = Signal(
    "a person is shown otherwise: sent by the User; `role` says that their position or phase changed too"
)


def byline(
    name: str,
    position: str | None,
    phase: str | None,
    school: str | None,
    role: str,
    disclosure: str = "named",
) -> str:
    """How an author is shown. Named: name, position and school; role-only: position and phase, no more."""
    if disclosure == "role-only":
        parts = [ROLE_ONLY.get(position or "", "A participant"), PHASES.get(phase or "", "").lower()]
    elif role != Role.PARTICIPANT:
        parts = [name, "personalised learning team"]
    else:
        shown = POSITIONS.get(position or "", "").lower() if position != "other" else ""
        parts = [name, shown, school or ""]
    return ", ".join(part for part in parts if part)


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
    """A person with an account. Imported people have no email and no password: nobody can sign in as them."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[str | None] = mapped_column(String(20))
    phase: Mapped[str | None] = mapped_column(String(20))
    school: Mapped[str | None] = mapped_column(String(160))
    role: Mapped[str] = mapped_column(String(20), default=Role.PARTICIPANT)
    disclosure: Mapped[str] = mapped_column(String(10), default="named")
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    session_stamp: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(8))
    version: Mapped[int] = mapped_column(default=1)
    imported_as: Mapped[str | None] = mapped_column(String(320), unique=True)

    __table_args__ = (
        CheckConstraint("role IN ('participant', 'team', 'administrator')", name="role"),
        Index(None, "role", "id"),
    )

    @classmethod
    def register(
        cls, *, name: str, email: str, password: str, position: str, phase: str | None, school: str | None
    ) -> User:
        """A new, unconfirmed person, who said that they are an adult; the caller sends the confirming letter.
        Raises Taken where the address has an account, after the same work: the database alone decides, so
        that two at once cannot both have it."""
        user = cls(
            name=name,
            email=email,
            email_key=email_key(email),
            password_hash=hash_password(password),
            position=position,
            phase=phase,
            school=school,
        )
        try:
            with db.session.begin_nested():
                db.session.add(user)
        except IntegrityError:
            raise Taken from None
        record("person.registered", by=user, subject=user.id, detail={"adult": True})
        return user

    @classmethod
    def by_email(cls, email: str) -> User | None:
        return db.session.scalar(select(cls).where(cls.email_key == email_key(email)))

    @classmethod
    def with_password(cls, email: str, password: str) -> User | None:
        """The person who holds this email and password. An unknown email takes as long as a wrong password.

        Ends the transaction before the slow part: SQLite has one writer, and nobody is to wait for a hash."""
        user = cls.by_email(email)
        password_hash = user.password_hash if user is not None else None
        db.session.rollback()
        if password_hash is None:
            spend_the_same_time(password)
            return None
        return user if matches(password_hash, password) else None

    def has_password(self, password: str) -> bool:
        return self.password_hash is not None and matches(self.password_hash, password)

    def confirm(self) -> None:
        if self.confirmed_at is None:
            self.confirmed_at = now()
            self.changed()
            record("person.confirmed", by=self, subject=self.id)

    def choose_password(self, password: str) -> None:
        """A new password ends every session; the caller signs this one in again. A link sent before, for a
        reset or to change the address, is worth nothing now."""
        self.password_hash = hash_password(password)
        self.session_stamp = secrets.token_hex(8)
        EmailedLink.spend_all(self, Purpose.RESET, Purpose.CHANGE)
        record("person.password-changed", by=self, subject=self.id)

    def move_to(self, email: str) -> None:
        """Take the confirmed new address. Raises Taken where someone else has it by now."""
        try:
            with db.session.begin_nested():
                self.email, self.email_key = email, email_key(email)
        except IntegrityError:
            raise Taken from None
        self.confirmed_at = self.confirmed_at or now()
        EmailedLink.spend_all(self, *Purpose)
        self.changed()
        record("person.email-changed", by=self, subject=self.id)

    def describe(
        self, *, name: str, position: str, phase: str | None, school: str | None, disclosure: str
    ) -> None:
        """Change how this person is shown; `disclosure` is what a new post begins with."""
        before = (self.name, self.position, self.phase, self.school)
        self.name, self.position, self.phase, self.school = name, position, phase, school
        self.disclosure = disclosure
        self.changed()
        if before == (name, position, phase, school):
            return
        record("person.described", by=self, subject=self.id)
        described.send(self, role=before[1:3] != (position, phase))

    def make(self, role: Role, by: User | None) -> None:
        """Give this person a role. Only the command line does, so `by` may be None."""
        self.role = role
        self.changed()
        record("team.made", by=by, subject=self.id, detail={"role": str(role)})
        described.send(self, role=False)

    def changed(self) -> None:
        self.version = (self.version or 0) + 1

    @property
    def is_signed_in(self) -> bool:
        return True

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_team(self) -> bool:
        return self.role in (Role.TEAM, Role.ADMINISTRATOR)

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def may_post(self) -> bool:
        return self.is_confirmed

    @property
    def stamp(self) -> str:
        """What of this person shows in a page made for them."""
        return f"{self.id}.{self.version}.{self.session_stamp}"

    def get_id(self) -> str:
        """Flask-Login keeps this in the session; the stamp ends it when the password changes."""
        return f"{self.id}.{self.session_stamp}"

    def byline(self, disclosure: str = "named") -> str:
        return byline(self.name, self.position, self.phase, self.school, self.role, disclosure)

    @classmethod
    def visible_to(cls, viewer: User | Visitor) -> Select[User]:
        """The people whose page `viewer` may see. Before an address is confirmed, only its owner and the team
        see one; imported people have no address and are public."""
        public = or_(cls.confirmed_at.is_not(None), cls.imported_as.is_not(None), cls.id == viewer.id)
        return select(cls).where(true() if viewer.is_team else public)


class Visitor(AnonymousUserMixin):
    """Someone without an account: answers every question that User answers."""

    id = None
    name = ""
    email = None
    is_signed_in = False
    is_confirmed = False
    is_team = False
    is_administrator = False
    may_post = False
    stamp = ""
    disclosure = "named"


class Purpose(StrEnum):
    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE = "change"


LASTS = {
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RESET: timedelta(hours=1),
    Purpose.CHANGE: timedelta(days=1),
}


class EmailedLink(db.Model):  # type: ignore[name-defined,misc]
    """A link sent by mail: for one purpose, one use, and a time. We keep only the token's digest."""

    __tablename__ = "emailed_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(320))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "user_id", "purpose"),)

    @classmethod
    def make(cls, user: User, purpose: Purpose, email: str) -> str:
        """A fresh token for `user`."""
        token = new_token()
        db.session.add(
            cls(
                user_id=user.id,
                purpose=purpose,
                token_digest=digest(token),
                email=email,
                expires_at=now() + LASTS[purpose],
            )
        )
        return token

    @classmethod
    def sent(cls, token: str, purpose: Purpose) -> EmailedLink | None:
        """The link for `token` if it is for this, be it used or too old."""
        return db.session.scalar(select(cls).where(cls.token_digest == digest(token), cls.purpose == purpose))

    @classmethod
    def valid(cls, token: str, purpose: Purpose) -> EmailedLink | None:
        """The link for `token` if it is for this, unused and in time."""
        link = cls.sent(token, purpose)
        return link if link is not None and link.is_good else None

    @classmethod
    def spend_all(cls, user: User, *purposes: Purpose) -> None:
        db.session.execute(
            update(cls)
            .where(cls.user_id == user.id, cls.purpose.in_(purposes), cls.used_at.is_(None))
            .values(used_at=now())
        )

    def spend(self) -> bool:
        """Use the link up. False where someone was quicker."""
        spent = db.session.execute(
            update(EmailedLink)
            .where(EmailedLink.id == self.id, EmailedLink.used_at.is_(None))
            .values(used_at=now())
        )
        return bool(spent.rowcount)  # type: ignore[attr-defined]

    @property
    def is_good(self) -> bool:
        return self.used_at is None and self.expires_at > now()

    @property
    def person(self) -> User:
        return db.session.get_one(User, self.user_id)


class Letter(db.Model):  # type: ignore[name-defined,misc]
    """A mail that is due: a row committed with the act that caused it, so that none is lost."""

    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Instant, default=now)
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=now)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index(None, "due_at"),)


class Tally(db.Model):  # type: ignore[name-defined,misc]
    """A count of tries in a window of time, for limits; see accounts/tally.py."""

    __tablename__ = "tallies"

    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    expires: Mapped[float] = mapped_column(default=0.0)

    __table_args__ = (Index(None, "expires"),)


def email_key(email: str) -> str:
    """Two spellings of one address have one key."""
    return email.strip().casefold()
