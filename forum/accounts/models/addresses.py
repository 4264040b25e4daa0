"""Addresses that mail does not reach, or whose owners have said that they want none."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Select, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models.people import User, email_key
from forum.activity.models import record
from forum.core.db import Instant, db, now


class Why(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class DeadAddress(db.Model):  # type: ignore[name-defined,misc]
    """No more mail goes to this address: it came back for good, or its owner told their provider that it was not
    wanted. `told_by` is what told us: our own delivery, a mail that came back, or the provider's call."""

    __tablename__ = "dead_addresses"

    key: Mapped[str] = mapped_column(String(320), primary_key=True)
    why: Mapped[str] = mapped_column(String(10))
    told_by: Mapped[str] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (Index(None, "at"),)

    @classmethod
    def note(cls, address: str, why: Why, told_by: str, detail: str = "") -> None:
        """Twice is harmless. The log says whose it is, and not which."""
        key = email_key(address)
        if db.session.get(cls, key) is not None:
            return
        db.session.add(cls(key=key, why=why, told_by=told_by, detail=" ".join(detail.split())[:300]))
        person = User.by_email(address)
        if person is not None:
            record("person.address-dead", subject=person.id, detail={"why": str(why)})

    @classmethod
    def of(cls, address: str | None) -> DeadAddress | None:
        return db.session.get(cls, email_key(address)) if address else None

    @classmethod
    def revive(cls, person: User) -> None:
        """Its owner has shown that mail arrives there, and that they want it."""
        if person.email_key is None:
            return
        gone = db.session.execute(delete(cls).where(cls.key == person.email_key).returning(cls.key)).first()
        if gone is not None:
            record("person.address-confirmed", by=person, subject=person.id)

    @classmethod
    def latest(cls) -> Select[DeadAddress]:
        return select(cls).order_by(cls.at.desc())
