"""What the team has said in public about a suggestion, step by step. What is published stays as it was."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.errors import Conflict, Refused
from forum.core.markup import SafeHTML, render
from forum.core.working_time import today
from forum.discussion.models import Post, Thread
from forum.discussion.models.splitting import parting
from forum.discussion.models.words import Moderation, Publication
from forum.suggestions.models.composition import Outcome, needs_date
from forum.suggestions.models.outcomes import REASONS, REFUSED, STATUSES, UNANSWERED, Status, may_follow
from forum.suggestions.models.suggestions import Suggestion


class Step(db.Model):  # type: ignore[name-defined,misc]
    """One published step. Its words are a post of the thread (`post_id`), so that they are reported, searched and
    followed like any; `note` is the part of them that the team wrote. `draft_id` is unique: what was drafted once is
    published once. The id is the number of its receipt. `owed_on` is by when an answer was owed as it came."""

    __tablename__ = "steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("suggestions.thread_id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(120))
    due_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text)
    note_html: Mapped[Markup] = mapped_column(SafeHTML)
    owed_on: Mapped[date | None] = mapped_column(Date)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), unique=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("answer_drafts.id"), unique=True)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    read_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime] = mapped_column(Instant)

    post: Mapped[Post] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("thread_id", "number"),
        CheckConstraint("read_by_id IS NULL OR read_by_id <> drafted_by_id", name="two_people"),
        CheckConstraint("draft_id IS NULL OR read_by_id IS NOT NULL", name="read_first"),
    )

    @property
    def receipt(self) -> str:
        return f"A-{self.id:04}"


class StepPost(db.Model):  # type: ignore[name-defined,misc]
    """A step rests on a post."""

    __tablename__ = "step_posts"

    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)

    __table_args__ = (Index(None, "post_id"),)


def take_up(suggestion: Suggestion, by: User, owner: str, note: str) -> Step:
    """The team begins to consider it: from now on, at the latest, it is owed an answer. Pressed twice by one person it
    is one step. Raises Conflict where a colleague was quicker, Refused where it cannot be taken up."""
    suggestion.hold()
    if suggestion.status == Status.CONSIDERED:
        last = last_step(suggestion)
        if last is not None and last.published_by_id == by.id:
            return last
        raise Conflict("A colleague has taken this suggestion up already.")
    _check_order(suggestion, Status.CONSIDERED)
    suggestion.status, suggestion.answered_at = Status.CONSIDERED, None
    suggestion.owe(now())
    said = Outcome(Status.CONSIDERED, owner, note, suggestion.owed_on, posts=(_opening(suggestion),))
    step = publish(suggestion, by, said, drafted_by=by.id)
    record(
        "team.suggestion-taken-up",
        by=by,
        public=True,
        prompt=suggestion.thread.prompt_id,
        thread=suggestion.thread_id,
        post=step.post_id,
        subject=suggestion.thread.author_id,
        detail={"step": step.id, "owed": str(suggestion.owed_on)},
    )
    return step


def publish(
    suggestion: Suggestion,
    by: User,
    said: Outcome,
    *,
    drafted_by: int,
    read_by: int | None = None,
    draft: int | None = None,
) -> Step:
    """Say it: a post in the thread, and the step. The suggestion is held by the caller."""
    shown: dict[int, int] = dict(
        db.session.execute(shown_posts(suggestion).where(Post.id.in_(said.posts))).all()
    )
    post = suggestion.thread.reply(by, said.composed(shown))
    step = Step(
        thread_id=suggestion.thread_id,
        number=suggestion.steps + 1,
        status=said.status,
        owner=said.owner,
        due_on=said.due_on,
        reason=said.reason,
        note=said.note,
        note_html=render(said.note),
        owed_on=suggestion.owed_on,
        post=post,
        draft_id=draft,
        drafted_by_id=drafted_by,
        read_by_id=read_by,
        published_by_id=by.id,
        published_at=post.published_at,
    )
    db.session.add(step)
    db.session.flush()
    db.session.add_all(StepPost(step_id=step.id, post_id=id) for id in shown)
    _now_stands(suggestion, step)
    return step


def check(suggestion: Suggestion, said: Outcome) -> None:
    """Raises Refused where `said` cannot be the next step of `suggestion`."""
    _check_order(suggestion, said.status)
    if said.status in REFUSED and said.reason not in REASONS:
        raise Refused("A no needs a reason.")
    if needs_date(said.status) and (said.due_on is None or said.due_on < today()):
        raise Refused("The date must be today or later. Change it, and have it read again.")
    if not suggestion.thread.is_listed:
        raise Refused("This suggestion is not shown, so nothing is published about it.")


def last_step(suggestion: Suggestion) -> Step | None:
    found: Step | None = db.session.scalar(
        select(Step).where(Step.thread_id == suggestion.thread_id, Step.number == suggestion.steps)
    )
    return found


def shown_posts(suggestion: Suggestion) -> Any:
    """The ids and numbers of the posts that an answer to `suggestion` may rest on."""
    query: Any = select(Post.id, Post.number)
    return query.where(
        Post.thread_id == suggestion.thread_id,
        Post.publication == Publication.PUBLISHED,
        Post.moderation == Moderation.CLEAR,
    )


def _check_order(suggestion: Suggestion, status: str) -> None:
    if not may_follow(suggestion.status, status):
        raise Refused(f"“{STATUSES[status]}” cannot follow “{STATUSES[suggestion.status]}”.")


def _opening(suggestion: Suggestion) -> int:
    query = select(Post.id).where(Post.thread_id == suggestion.thread_id, Post.number == 1)
    return db.session.scalars(query).one()


def _now_stands(suggestion: Suggestion, step: Step) -> None:
    """The suggestion is where this step has brought it. An answer stops the clock."""
    if step.status != Status.CONSIDERED and suggestion.status in UNANSWERED:
        suggestion.answered_at = step.published_at
        suggestion.owed_on = suggestion.owed_since = None
    suggestion.status, suggestion.owner = step.status, step.owner
    suggestion.due_on, suggestion.reason = step.due_on, step.reason
    suggestion.steps, suggestion.stepped_at = step.number, step.published_at
    suggestion.watch_the_calendar()
    suggestion.thread.touched()


@parting.connect
def _steps_stay(thread: Thread, posts: list[int]) -> None:
    if db.session.scalar(select(Step.id).where(Step.post_id.in_(posts)).limit(1)) is not None:
        raise Refused("An answer stays with its suggestion.")
