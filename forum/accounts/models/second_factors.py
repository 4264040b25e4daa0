"""The second thing a team member signs in with: six digits that change (RFC 6238), or a code kept for a bad day."""

from __future__ import annotations

import secrets
import time
from datetime import datetime

import pyotp
from sqlalchemy import ForeignKey, Index, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models.people import User
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.tokens import digest

STEP = 30  # seconds that six digits last
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class SecondFactor(db.Model):  # type: ignore[name-defined,misc]
    """A person's secret. It counts from `confirmed_at`; `last_step` is the step whose digits were used last, so that
    nobody who looks over a shoulder uses them again."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64), default=pyotp.random_base32)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    last_step: Mapped[int] = mapped_column(default=0)

    @classmethod
    def of(cls, user: User) -> SecondFactor | None:
        found: SecondFactor | None = db.session.get(cls, user.id)
        return found

    @classmethod
    def begin(cls, user: User) -> SecondFactor:
        """A secret to set up, the same until it is confirmed."""
        factor = cls.of(user)
        if factor is None:
            see_anew(user, lock=True)
            factor = cls.of(user) or cls(user_id=user.id)
            db.session.add(factor)
            db.session.flush()
        return factor

    @classmethod
    def forget(cls, user: User, by: User | None) -> None:
        """The person has lost it: they set up another."""
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        db.session.execute(delete(cls).where(cls.user_id == user.id))
        record("person.second-factor-forgotten", by=by, subject=user.id)

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    def address(self, issuer: str, account: str) -> str:
        """What an authenticator app reads from a picture: an otpauth: URI."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=account, issuer_name=issuer)

    def accepts(self, code: str) -> bool:
        """True once for the digits of now, of the step before or the step after, and once for each recovery code."""
        see_anew(self, lock=True)
        typed = "".join(code.split()).lower()
        if len(typed) == 6 and typed.isascii() and typed.isdigit():
            return self._accepts_digits(typed)
        return self.is_confirmed and RecoveryCode.spend(self.user_id, typed.replace("-", ""))

    def confirm(self, user: User) -> list[str]:
        """It counts from now on. Returns the recovery codes, which nobody sees again."""
        self.confirmed_at = self.confirmed_at or now()
        record("person.second-factor-set", by=user, subject=user.id)
        return RecoveryCode.make(user)

    def _accepts_digits(self, typed: str) -> bool:
        totp, step = pyotp.TOTP(self.secret), int(time.time()) // STEP
        for near in (step, step - 1, step + 1):
            if near > self.last_step and secrets.compare_digest(totp.at(near * STEP), typed):
                self.last_step = near
                return True
        return False


class RecoveryCode(db.Model):  # type: ignore[name-defined,misc]
    """One of a handful of codes for when the phone is lost; each works once. We hold only its digest."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "user_id", "code_digest"),)

    @classmethod
    def make(cls, user: User) -> list[str]:
        """Fresh codes in place of those before, as people read them: "abcde-fghjk"."""
        db.session.execute(delete(cls).where(cls.user_id == user.id))
        made = ["".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(CODES)]
        db.session.add_all(cls(user_id=user.id, code_digest=_digest(user.id, code)) for code in made)
        return [f"{code[:5]}-{code[5:]}" for code in made]

    @classmethod
    def spend(cls, user: int, code: str) -> bool:
        spent = db.session.execute(
            update(cls)
            .where(cls.user_id == user, cls.code_digest == _digest(user, code), cls.used_at.is_(None))
            .values(used_at=now())
        )
        return bool(spent.rowcount)  # type: ignore[attr-defined]

    @classmethod
    def left(cls, user: User) -> int:
        unused = select(cls.id).where(cls.user_id == user.id, cls.used_at.is_(None))
        return len(db.session.scalars(unused).all())


def _digest(user: int, code: str) -> str:
    return digest(f"{user} {code}")
