"""People: those with an account (User) and everyone else (Visitor)."""

from __future__ import annotations

import secrets
from datetime import datetime

from blinker import Signal
from flask_login import AnonymousUserMixin, UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models.bylines import Role, byline
from forum.accounts.models.links import EmailedLink, Purpose
from forum.accounts.models.schools import LONGEST_SHOWN, School
from forum.accounts.passwords import hash_password, matches, spend_the_same_time
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.errors import Refused


class Taken(Refused):
    """The email address belongs to another account."""

    status = 409

    def __init__(self) -> None:
        super().__init__("That email address now belongs to another account.")


described = Signal(
    "a person is shown otherwise: sent by the User; `role` says that their position or phase changed too"
)


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
    """A person with an account. Imported people have no email and no password: nobody can sign in as them. The team
    has vouched for them since `vouched_at`; what they write waits until `held_until`; they cannot take part until
    `suspended_until`."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[str | None] = mapped_column(String(20))
    phase: Mapped[str | None] = mapped_column(String(20))
    school: Mapped[str | None] = mapped_column(String(LONGEST_SHOWN))
    school_id: Mapped[int | None] = mapped_column(ForeignKey("schools.id"))
    role: Mapped[str] = mapped_column(String(20), default=Role.PARTICIPANT)
    disclosure: Mapped[str] = mapped_column(String(10), default="named")
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    session_stamp: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(8))
    version: Mapped[int] = mapped_column(default=1)
    imported_as: Mapped[str | None] = mapped_column(String(320), unique=True)
    vouched_at: Mapped[datetime | None] = mapped_column(Instant)
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    suspended_until: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("role IN ('participant', 'team', 'administrator')", name="role"),
        Index(None, "role", "id"),
        Index(None, "name", postgresql_ops={"name": "varchar_pattern_ops"}),
    )

    @classmethod
    def register(
        cls,
        *,
        name: str,
        email: str,
        password: str,
        position: str,
        phase: str | None,
        school: str | None,
        picked: School | None = None,
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
        )
        user._work_at(phase, school, picked)
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
        self,
        *,
        name: str,
        position: str,
        phase: str | None,
        school: str | None,
        picked: School | None = None,
        disclosure: str,
    ) -> None:
        """Change how this person is shown; `disclosure` is what a new post begins with. `school` is any text;
        `picked` is the school of the register that it stands for, if it does."""
        before = (self.name, self.position, self.phase, self.school)
        self.name, self.position, self.disclosure = name, position, disclosure
        self._work_at(phase, school, picked)
        self.changed()
        after = (self.name, self.position, self.phase, self.school)
        if before == after:
            return
        record("person.described", by=self, subject=self.id)
        described.send(self, role=before[1:3] != after[1:3])

    def _work_at(self, phase: str | None, school: str | None, picked: School | None) -> None:
        """Where this person works. A school picked just now gives its phase to someone who says none."""
        if picked is None:
            self.phase, self.school, self.school_id = phase, school, None
            return
        newly = picked.id != self.school_id
        self.phase = phase or (picked.phase if newly else None)
        self.school, self.school_id = picked.shown, picked.id

    def make(self, role: Role, by: User | None) -> None:
        """Give this person a role. Only the command line does, so `by` may be None."""
        self.role = role
        self.changed()
        record("team.made", by=by, subject=self.id, detail={"role": str(role)})
        described.send(self, role=False)

    def vouch(self, by: User | None) -> None:
        """The team knows this person: what they write need not wait because they are new."""
        if self.vouched_at is None:
            self.vouched_at = now()
            self.changed()
            record("team.vouched", by=by, subject=self.id)

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
        return self.is_confirmed and not self.is_suspended

    @property
    def is_suspended(self) -> bool:
        return self.suspended_until is not None and self.suspended_until > now()

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
    is_suspended = False
    held_until = None
    stamp = ""
    disclosure = "named"


def email_key(email: str) -> str:
    """Two spellings of one address have one key."""
    return email.strip().casefold()
