"""The links in our letters: what each is for, and how long it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.core.db import Instant, db, now
from forum.core.tokens import digest, new_token


class Purpose(StrEnum):
    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE = "change"
    REVIVE = "revive"


LASTS = {
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RESET: timedelta(hours=1),
    Purpose.CHANGE: timedelta(days=1),
    Purpose.REVIVE: timedelta(days=3),
}


class Addressee(Protocol):
    """Whoever a link is sent to: a User, who stands on this file."""

    @property
    def id(self) -> int: ...


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

    person: Mapped[Any] = relationship("User", lazy="select", viewonly=True)

    __table_args__ = (Index(None, "user_id", "purpose"),)

    @classmethod
    def make(cls, user: Addressee, purpose: Purpose, email: str) -> str:
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
    def spend_all(cls, user: Addressee, *purposes: Purpose) -> None:
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
