"""What people tell the team about, and what the team makes of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.errors import Conflict
from forum.discussion.models import Post, Thread


class Report(db.Model):  # type: ignore[name-defined]
    """Someone, with an account or without, thinks that the team should look at a post."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    post: Mapped[Post] = relationship(lazy="raise")
    reporter: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[reporter_id])
    closed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[closed_by_id])

    __table_args__ = (Index(None, "closed_at", "id"), Index(None, "post_id", "reporter_id"))

    @classmethod
    def make(cls, post: Post, by: User | Visitor, reason: str, detail: str) -> Report:
        """Report `post`. A person who reports it again while the first is open adds to the first."""
        who = by if isinstance(by, User) else None
        if who is not None:
            earlier = db.session.scalar(
                select(cls).where(cls.post_id == post.id, cls.reporter_id == who.id, cls.closed_at.is_(None))
            )
            if earlier is not None:
                if detail and detail not in earlier.detail:
                    earlier.detail = f"{earlier.detail}\n\n{detail}".strip()
                return earlier
        report = cls(post_id=post.id, reporter_id=who.id if who else None, reason=reason, detail=detail)
        db.session.add(report)
        db.session.flush()
        record(
            "post.reported",
            by=who,
            thread=post.thread_id,
            post=post.id,
            subject=post.author_id,
            detail={"report": report.id, "reason": reason},
        )
        return report

    def close(self, by: User, note: str) -> None:
        """The team has looked; `note` says what came of it. Raises Conflict where a colleague was quicker."""
        db.session.refresh(self, with_for_update=True)
        if self.closed_at is not None:
            raise Conflict("A colleague has closed this report already.")
        self.closed_at, self.closed_by_id, self.note = now(), by.id, note
        record(
            "team.report-closed",
            by=by,
            post=self.post_id,
            note=note,
            detail={"report": self.id, "reason": self.reason},
        )

    @classmethod
    def waiting(cls) -> Select[tuple[Report]]:
        """Open reports, oldest first, each with its post, thread and reporter."""
        return cls._whole().where(cls.closed_at.is_(None)).order_by(cls.id)

    @classmethod
    def closed(cls) -> Select[tuple[Report]]:
        return cls._whole().where(cls.closed_at.is_not(None)).order_by(cls.closed_at.desc(), cls.id.desc())

    @classmethod
    def _whole(cls) -> Select[tuple[Report]]:
        return select(cls).options(
            joinedload(cls.reporter),
            joinedload(cls.closed_by),
            joinedload(cls.post).joinedload(Post.author),
            joinedload(cls.post).joinedload(Post.thread).joinedload(Thread.prompt),
        )
