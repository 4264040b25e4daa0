"""What the hub is still to be told of (WebSub): a row committed with the act, where a hub is set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy import ForeignKey, Index, Select, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.activity.models import Activity, recorded
from forum.core.db import Instant, after_commit, db, now
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent, listed
from forum.discussion.models.words import Kind, Moderation, Publication

POSTED = {"thread.started", "post.published", "team.post-published"}
ANSWERED = {"team.answer-published", "team.suggestion-taken-up"}


class Announcement(db.Model):  # type: ignore[name-defined,misc]
    """A new entry that the hub has not heard of. `due_at` is None where that was given up."""

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    topics: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=now)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(300), default="")

    __table_args__ = (Index(None, "due_at", "id"),)

    @classmethod
    def take(cls, limit: int, until: datetime) -> Sequence[Announcement]:
        """The next few, in the hands of the caller `until` then. The caller commits."""
        due = select(cls).where(cls.due_at <= now()).order_by(cls.due_at, cls.id).limit(limit)
        taken = db.session.scalars(due.with_for_update(skip_locked=True)).all()
        for each in taken:
            each.due_at, each.tries = until, each.tries + 1
        return taken

    @classmethod
    def done(cls, ids: Sequence[int]) -> None:
        db.session.execute(delete(cls).where(cls.id.in_(ids)))

    @classmethod
    def again(cls, ids: Sequence[int], due_at: datetime | None, error: str) -> None:
        db.session.execute(update(cls).where(cls.id.in_(ids)).values(due_at=due_at, error=error[:300]))

    @classmethod
    def given_up(cls) -> Select[Announcement]:
        return select(cls).where(cls.due_at.is_(None)).order_by(cls.id.desc())

    def paths(self) -> Iterator[str]:
        """The feeds, without their format, in which anyone can read it by now."""
        shown = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR, listed())
        found = db.session.execute(
            select(Post, Thread, Prompt.slug)
            .join(Thread, Thread.id == Post.thread_id)
            .join(Prompt, Prompt.id == Thread.prompt_id)
            .where(Post.id == self.post_id, *shown)
        ).first()
        if found is None:
            return
        post, thread, prompt = found
        if self.topics == "answers":
            yield from ("/answers/feed", f"/suggestions/{thread.id}/outcome/feed")
            return
        carried = select(Component.slug).join(ThreadComponent, ThreadComponent.component_id == Component.id)
        components = db.session.scalars(carried.where(ThreadComponent.thread_id == thread.id)).all()
        places = ["", f"/prompts/{prompt}", *(f"/components/{slug}" for slug in components)]
        yield f"/threads/{thread.id}/feed"
        yield from (f"{place}/posts/feed" for place in places)
        if post.disclosure == "named":
            yield f"/people/{post.author_id}/feed"
        if post.number != 1:
            return
        yield from (f"{place}/feed" for place in places)
        if post.disclosure == "named":
            yield f"/people/{post.author_id}/threads/feed"
        if thread.kind == Kind.CASE_STUDY:
            yield "/case-studies/feed"


@recorded.connect
def _hear(line: Activity) -> None:
    if not current_app.config["FORUM"].websub_hub or not line.public or line.post is None:
        return
    if line.verb in POSTED or line.verb in ANSWERED:
        topics = "posts" if line.verb in POSTED else "answers"
        db.session.add(Announcement(post_id=line.post, topics=topics))
        after_commit(current_app.extensions["worker"].wake)
