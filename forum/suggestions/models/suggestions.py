"""A suggestion: what more can be done, who supports it, and when it is owed an answer."""

from __future__ import annotations

from datetime import date, datetime

from flask import current_app
from sqlalchemy import (
    Date,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    delete,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Refused
from forum.core.working_time import ONE, days_after, london, today
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.words import Kind, Moderation, Publication
from forum.suggestions.models.composition import Wording
from forum.suggestions.models.outcomes import PROMISED, UNANSWERED, Status

PROMISES = f"status IN ({', '.join(repr(str(each)) for each in PROMISED)})"  # as the index says it


def _where(name: str, condition: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class Suggestion(db.Model):  # type: ignore[name-defined,misc]
    """The record beside a suggestion's thread. `status`, `owner`, `due_on` and `reason` are those of its last
    published step. `owed_on` is the last day on which it is to be answered, `owed_since` when that began; `answered_at`
    is when the last answer came. `turns_on` is the next day on which its pages become others by the calendar alone."""

    __tablename__ = "suggestions"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True, autoincrement=False)
    body: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    helps: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12), default=Status.HEARD)
    owner: Mapped[str | None] = mapped_column(String(120))
    due_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(String(12))
    supporters: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    owed_since: Mapped[datetime | None] = mapped_column(Instant)
    owed_on: Mapped[date | None] = mapped_column(Date)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    stepped_at: Mapped[datetime | None] = mapped_column(Instant)
    turns_on: Mapped[date | None] = mapped_column(Date)

    thread: Mapped[Thread] = relationship(lazy="raise")

    __table_args__ = (
        Index("ix_suggestions_supported", "supporters", "thread_id"),
        Index("ix_suggestions_status_supported", "status", "supporters", "thread_id"),
        Index("ix_suggestions_status_newest", "status", "thread_id"),
        Index("ix_suggestions_status_stepped", "status", "stepped_at", "thread_id"),
        _where("ix_suggestions_owed", "owed_on IS NOT NULL", "owed_on", "thread_id"),
        _where("ix_suggestions_answered", "answered_at IS NOT NULL", "answered_at", "thread_id"),
        _where("ix_suggestions_turns", "turns_on IS NOT NULL", "turns_on", "thread_id"),
        _where("ix_suggestions_promised", PROMISES, "due_on", "thread_id"),
    )

    # What people do

    @classmethod
    def make(
        cls,
        prompt: Prompt,
        by: User,
        words: Wording,
        components: list[Component],
        disclosure: str = "named",
        submission: str | None = None,
    ) -> Suggestion:
        """Publish a suggestion under `prompt`; its author is its first supporter. The same submission twice returns
        the first. Raises Refused where `by` may not post."""
        thread = Thread.start(
            prompt, by, words.title, words.composed(), components, disclosure, submission, Kind.SUGGESTION
        )
        earlier: Suggestion | None = db.session.scalar(cls.every().where(cls.thread_id == thread.id))
        if earlier is not None:
            return earlier
        made = cls(thread=thread, body=words.body, why=words.why, helps=words.helps)
        db.session.add(made)
        db.session.flush()
        db.session.add(Supporter(thread_id=thread.id, user_id=by.id))
        made._count(1)
        return made

    def edit(
        self, by: User, words: Wording, components: list[Component], disclosure: str, post: Post, since: int
    ) -> None:
        """Change what it says; `post` is its opening post, which keeps the words before. Raises Conflict where
        that has changed since version `since`, Refused where `by` may not edit it."""
        post.edit(by, words.composed(), disclosure, since, words.title, components)
        self.body, self.why, self.helps = words.body, words.why, words.helps

    def support(self, by: User) -> None:
        """`by` wants it too; doing so again changes nothing. Raises Refused where it takes no support from them."""
        self.hold()
        if not by.may_post:
            raise Refused("Confirm your email address before you support a suggestion.")
        if not self.takes_support():
            raise Refused("This suggestion is not shown any more, so it takes no support.")
        if Supporter.is_there(self.thread_id, by.id):
            return
        db.session.add(Supporter(thread_id=self.thread_id, user_id=by.id))
        self._count(self.supporters + 1)
        record("suggestion.supported", by=by, prompt=self.thread.prompt_id, thread=self.thread_id)

    def take_back(self, by: User) -> None:
        """`by` supports it no longer, nor what was merged into it. Its author always does."""
        self.hold()
        if by.id == self.thread.author_id:
            raise Refused("You made this suggestion, so you count as one of its supporters.")
        if not Supporter.is_there(self.thread_id, by.id):
            return
        here = select(Thread.id).where(or_(Thread.id == self.thread_id, Thread.merged_into == self.thread_id))
        db.session.execute(delete(Supporter).where(Supporter.user_id == by.id, Supporter.thread_id.in_(here)))
        self._count(self.supporters - 1)
        record("suggestion.support-taken-back", by=by, prompt=self.thread.prompt_id, thread=self.thread_id)

    # What time does

    def owe(self, at: datetime) -> None:
        """From `at` it is owed an answer. A clock that runs already is never set back."""
        if self.owed_on is None and self.status in UNANSWERED:
            days = current_app.config["FORUM"].response_days
            self.owed_since, self.owed_on = at, days_after(london(at), days)
            self.watch_the_calendar()

    def reckon(self) -> None:
        """With enough supporters it is owed an answer from now on."""
        if self.supporters >= current_app.config["FORUM"].response_supporters:
            self.owe(now())

    def turn(self) -> None:
        """A day has come that makes it overdue, or late: its pages say so from now on."""
        self.hold()
        if self.turns_on is None or self.turns_on > today():
            return
        verb = "suggestion.overdue" if self.owed_on == self.turns_on - ONE else "suggestion.late"
        self.watch_the_calendar()
        self.thread.touched()
        record(verb, public=True, prompt=self.thread.prompt_id, thread=self.thread_id)

    def watch_the_calendar(self) -> None:
        """Note the next day on which it becomes overdue, or late."""
        last_days = [self.owed_on, self.due_on if self.status in PROMISED else None]
        turns = [day + ONE for day in last_days if day is not None and day >= today()]
        self.turns_on = min(turns, default=None)

    def hold(self) -> None:
        """Take the thread's row lock, and see this as it is now."""
        self.thread.hold()
        see_anew(self)

    # Questions

    def takes_support(self) -> bool:
        opening = select(Post.id).where(
            Post.thread_id == self.thread_id,
            Post.number == 1,
            Post.publication == Publication.PUBLISHED,
            Post.moderation == Moderation.CLEAR,
        )
        return self.thread.is_listed and db.session.scalar(opening) is not None

    @property
    def is_overdue(self) -> bool:
        return self.owed_on is not None and self.owed_on < today()

    @property
    def words(self) -> Wording:
        return Wording(self.thread.title, self.body, self.why, self.helps)

    # Queries

    @classmethod
    def visible_to(cls, user: User | Visitor) -> Select[Suggestion]:
        """The suggestions that `user` may see."""
        return cls.every().where(Thread.seen_by(user))

    @classmethod
    def every(cls) -> Select[Suggestion]:
        """Suggestions, each with its thread, prompt and author."""
        return (
            select(cls)
            .join(cls.thread)
            .options(
                contains_eager(cls.thread).joinedload(Thread.prompt),
                contains_eager(cls.thread).joinedload(Thread.author),
            )
        )

    @classmethod
    def turning(cls, limit: int) -> Select[int]:
        """The ids of those whose day has come."""
        return select(cls.thread_id).where(cls.turns_on <= today()).order_by(cls.turns_on).limit(limit)

    def _count(self, supporters: int) -> None:
        self.supporters = self.thread.supporters_count = supporters
        self.reckon()
        self.thread.touched()


IS_PROMISED = text(f"suggestions.{PROMISES}")


class Supporter(db.Model):  # type: ignore[name-defined,misc]
    """Someone supports a suggestion. Who does is never shown to anyone; rows of a merged thread stay as they were."""

    __tablename__ = "supporters"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (Index(None, "user_id", "thread_id"),)

    @classmethod
    def is_there(cls, thread: int, user: int) -> bool:
        return bool(cls.among([thread], user))

    @classmethod
    def among(cls, threads: list[int], user: int) -> set[int]:
        """Those of `threads` that `user` supports: one's own always is."""
        query = select(cls.thread_id).where(cls.thread_id.in_(threads), cls.user_id == user)
        return set(db.session.scalars(query))
