"""The keys of private feeds: a random token each, of which only a digest is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db, now
from forum.following.models.follows import LONGEST_TARGET


class FeedKey(db.Model):  # type: ignore[name-defined,misc]
    """Opens one private feed of one person. `kind` is `following`, `notifications`, or that of one thing they follow,
    which `target` names."""

    __tablename__ = "feed_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(15))
    target: Mapped[str] = mapped_column(String(LONGEST_TARGET), default="")
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "person_id", "kind", "target", unique=True),)
