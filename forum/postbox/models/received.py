"""One line for each mail that came, without its words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Select, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db, now


class Outcome(StrEnum):
    POSTED = "posted"
    HELD = "held"
    REFUSED = "refused"  # and sent back to its writer, with their words
    DROPPED = "dropped"  # nobody is told but the team
    NOTED = "noted"  # a mail of ours that came back, or a complaint


class Received(db.Model):  # type: ignore[name-defined,misc]
    """A mail is taken once: `digest` is of its Message-ID and sender, or of all of it where it has none."""

    __tablename__ = "received"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    sender: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(String(200), default="")
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(300), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))

    __table_args__ = (Index(None, "at"),)

    @classmethod
    def known(cls, digest: str) -> Received | None:
        return db.session.scalar(select(cls).where(cls.digest == digest))

    @classmethod
    def latest(cls) -> Select[Received]:
        return select(cls).order_by(cls.at.desc(), cls.id.desc())

    @classmethod
    def forget(cls, before: datetime, limit: int) -> None:
        old = select(cls.id).where(cls.at < before).order_by(cls.at).limit(limit)
        db.session.execute(delete(cls).where(cls.id.in_(old)))
