"""What a person is told: of each act once."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    String,
    UniqueConstraint,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now
from forum.discussion.models import Post, Thread, listed
from forum.discussion.models.words import Moderation, Publication
from forum.following.models.follows import Follow, Kind, Level


class Reason(StrEnum):
    """Why a person is told, the closest to them first."""

    DECISION = "decision"
    ANSWERED = "answered"
    TRIED = "tried"
    MENTION = "mention"
    QUOTE = "quote"
    REPLY = "reply"
    FOLLOWED = "followed"


KEPT = timedelta(days=365)
OLDEST = 1_000  # notices that are looked at at once
UNSYNCHRONISED = {"synchronize_session": False}
UNSEEN = text("seen_at IS NULL")
MAIL_DUE = text("mail_due_at IS NOT NULL")
IN_DIGEST = text("level = 'digest' AND mailed_at IS NULL")


class Notice(db.Model):  # type: ignore[name-defined,misc]
    """One person is told of one act. `via` is the kind of follow that brought it, where one did, and `follow_id`
    that follow. `level` is how it
    goes to them, as they wanted it at that moment. Mail sets `mailed_at`, and `mail_due_at` to None, when it is done:
    what goes at once is due ten minutes after the act; a digest finds its own by `level`."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    # No foreign keys: each would lock its row until a batch is down, and whoever posts would wait for that.
    person_id: Mapped[int]
    activity_id: Mapped[int]
    reason: Mapped[str] = mapped_column(String(10))
    via: Mapped[str | None] = mapped_column(String(10))
    follow_id: Mapped[int | None]
    thread_id: Mapped[int | None]
    post_id: Mapped[int | None]
    level: Mapped[str] = mapped_column(String(6))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    seen_at: Mapped[datetime | None] = mapped_column(Instant)
    mail_due_at: Mapped[datetime | None] = mapped_column(Instant)
    mailed_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("person_id", "activity_id"),
        Index(None, "person_id", "id"),
        Index("ix_notices_unseen", "person_id", "id", sqlite_where=UNSEEN, postgresql_where=UNSEEN),
        Index("ix_notices_mail_due", "mail_due_at", "id", sqlite_where=MAIL_DUE, postgresql_where=MAIL_DUE),
        Index(
            "ix_notices_mail_of", "person_id", "mail_due_at", sqlite_where=MAIL_DUE, postgresql_where=MAIL_DUE
        ),
        Index("ix_notices_in_digest", "person_id", "id", sqlite_where=IN_DIGEST, postgresql_where=IN_DIGEST),
    )

    @classmethod
    def see(cls, by: User, *which: ColumnElement[bool]) -> None:
        """`by` has seen these."""
        mine = update(cls).where(cls.person_id == by.id, cls.seen_at.is_(None), *which)
        db.session.execute(mine.values(seen_at=now()), execution_options=UNSYNCHRONISED)

    @classmethod
    def forget_old(cls) -> bool:
        """Of the OLDEST, those that are older than KEPT go; True where there may be more."""
        oldest = select(cls.id, cls.at).order_by(cls.id).limit(OLDEST).subquery()
        old = select(oldest.c.id).where(oldest.c.at < now() - KEPT)
        gone: Any = db.session.execute(delete(cls).where(cls.id.in_(old)), execution_options=UNSYNCHRONISED)
        return bool(gone.rowcount == OLDEST)


def may_see(*columns: Any) -> Select[Any]:
    """A select of those notices that their persons may see now, whatever has happened since they were made: the one
    place that says so, for pages, private feeds and mail. Narrow it to a person or to what is due. It is joined with
    Post and Thread as they stand now (a post may have moved; both may be None), so `columns` may name theirs.

    What was removed, hidden or withdrawn is gone, and so is what stands in a muted thread or was said by a muted
    person under their name; what was said by role only comes to nobody by way of the person who said it. A decision
    about oneself stays one's own, wherever its post is: show of it no more than Post.visible_to does."""
    shown = and_(
        listed(),
        or_(
            Notice.post_id.is_(None),
            and_(Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR),
        ),
        or_(Notice.via.is_(None), Notice.via != Kind.PERSON, Post.disclosure == "named"),
        ~_muted(Kind.THREAD, Thread.id).exists(),
        ~_muted(Kind.PERSON, Post.author_id).where(Post.disclosure == "named").exists(),
    )
    return (
        select(*(columns or (Notice,)))
        .select_from(Notice)
        .outerjoin(Post, Post.id == Notice.post_id)
        .outerjoin(Thread, Thread.id == func.coalesce(Post.thread_id, Notice.thread_id))
        .where(or_(Notice.reason == Reason.DECISION, shown))
    )


def _muted(kind: Kind, id: Any) -> Select[Any]:
    muted = aliased(Follow)
    return select(muted.id).where(
        muted.person_id == Notice.person_id,
        muted.kind == kind,
        muted.target == cast(id, String),
        muted.level == Level.MUTED,
    )
