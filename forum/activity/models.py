"""The append-only log of what happened: one line per act. A database trigger refuses UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from blinker import Signal
from sqlalchemy import JSON, ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db, now

recorded = Signal("an act is in the log: sent by its line, in the transaction of the act")


class Activity(db.Model):  # type: ignore[name-defined,misc]
    """One act. `public` decides whether it may ever leave the team."""

    __tablename__ = "activity"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    actor: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    verb: Mapped[str] = mapped_column(String(40))
    public: Mapped[bool] = mapped_column(default=False)
    prompt: Mapped[int | None] = mapped_column(ForeignKey("prompts.id"))
    thread: Mapped[int | None] = mapped_column(ForeignKey("threads.id"))
    post: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    subject: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (
        Index(None, "thread", "id"),
        Index(None, "post", "id"),
        Index(None, "actor", "id"),
        Index(None, "subject", "id"),
        Index(None, "verb", "id"),
    )

    @classmethod
    def of_the_team(cls) -> Select[Activity]:
        """What team members did as such, newest first."""
        return select(cls).where(cls.verb.startswith("team.", autoescape=True)).order_by(cls.id.desc())


def record(
    verb: str,
    *,
    by: Any = None,
    public: bool = False,
    prompt: int | None = None,
    thread: int | None = None,
    post: int | None = None,
    subject: int | None = None,
    note: str = "",
    detail: dict[str, Any] | None = None,
) -> Activity:
    """Add one line to the log, in the same transaction as the act. `by` is the person, or None for the site."""
    line = Activity(
        actor=by.id if by is not None else None,
        verb=verb,
        public=public,
        prompt=prompt,
        thread=thread,
        post=post,
        subject=subject,
        note=note,
        detail=detail or {},
    )
    db.session.add(line)
    recorded.send(line)
    return line
