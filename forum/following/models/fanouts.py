"""What people are still to be told of: a row committed with the act, so that nothing is lost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.activity.models import Activity
from forum.core.db import Instant, db, now
from forum.following.models.follows import LONGEST_TARGET


class Fanout(db.Model):  # type: ignore[name-defined,misc]
    """One act that people may want to hear of; gone when all are told. `stage` is whom it has come to, `target` the
    last search or library view that was looked at, `after_person` the last person that was told."""

    __tablename__ = "fanouts"

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), unique=True)
    stage: Mapped[str] = mapped_column(String(10), default="direct")
    target: Mapped[str] = mapped_column(String(LONGEST_TARGET), default="")
    after_person: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant, default=now)
    tries: Mapped[int] = mapped_column(default=0)

    activity: Mapped[Activity] = relationship(lazy="raise")

    __table_args__ = (Index(None, "due_at", "id"),)
