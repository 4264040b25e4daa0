"""Answers in the making. One of the team drafts, another reads, and then it is published: once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, Select, String, Text, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Thread
from forum.suggestions.models.composition import Outcome
from forum.suggestions.models.steps import Step, check, publish
from forum.suggestions.models.suggestions import Suggestion
from forum.suggestions.models.telling import Telling

OPEN = text("closed_at IS NULL")


class AnswerDraft(db.Model):  # type: ignore[name-defined,misc]
    """What the team means to publish as the next step of a suggestion. There is one at a time. A change makes its
    reading void. It is closed when it is published or dropped."""

    __tablename__ = "answer_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("suggestions.thread_id"))
    status: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(120))
    due_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text)
    posts: Mapped[list[int]] = mapped_column(JSON, default=list)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    drafted_at: Mapped[datetime] = mapped_column(Instant, default=now)
    version: Mapped[int] = mapped_column(default=1)
    read_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    suggestion: Mapped[Suggestion] = relationship(lazy="raise")
    drafted_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[drafted_by_id])
    read_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[read_by_id])

    __table_args__ = (
        Index("uq_answer_drafts_open", "thread_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_answer_drafts_waiting", "drafted_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    # What the team does

    @classmethod
    def begin(cls, suggestion: Suggestion, by: User, said: Outcome) -> AnswerDraft:
        """Draft an answer. Raises Conflict where a colleague has begun one, Refused where it cannot come next."""
        suggestion.hold()
        check(suggestion, said)
        draft = cls(suggestion=suggestion, drafted_by=by)
        draft._say(said)
        try:
            with db.session.begin_nested():
                db.session.add(draft)
        except IntegrityError:
            raise Conflict("There is a draft of an answer already. Go on with that one.") from None
        draft._record("team.answer-drafted", by)
        return draft

    def change(self, by: User, said: Outcome, since: int) -> None:
        """Other words, from `by`, who has drafted it from now on; another has to read it. Raises Conflict where it
        is not version `since` any more."""
        self._hold(since)
        check(self.suggestion, said)
        self._say(said)
        self.drafted_by, self.drafted_at, self.version = by, now(), self.version + 1
        self.read_by, self.read_at = None, None
        self._record("team.answer-drafted", by)

    def read(self, by: User, since: int) -> None:
        """`by` has read version `since`, and agrees. Raises Refused for whoever drafted it."""
        self._hold(since)
        if not self.readable_by(by):
            raise Refused("You drafted this answer. Somebody else has to read it before it is published.")
        if self.read_by_id is None:
            self.read_by, self.read_at = by, now()
            self._record("team.answer-read", by)

    def publish(self, by: User) -> Step:
        """Publish it, and have people told. Doing so again, from another browser or by another person, changes
        nothing and returns the same step. Raises Refused where nobody else has read it, or it cannot come next."""
        self.suggestion.hold()
        see_anew(self)
        if (done := self.published()) is not None:
            return done
        if self.closed_at is not None:
            raise Conflict("A colleague has dropped this draft.")
        if self.read_by_id is None or self.read_by_id == self.drafted_by_id:
            raise Refused("Somebody who did not draft this answer has to read it first.")
        check(self.suggestion, self.said)
        step = publish(
            self.suggestion,
            by,
            self.said,
            drafted_by=self.drafted_by_id,
            read_by=self.read_by_id,
            draft=self.id,
        )
        self.closed_at = now()
        Telling.begin(step.id)
        self._record(
            "team.answer-published", by, public=True, post=step.post_id, step=step.id, status=step.status
        )
        return step

    def drop(self, by: User) -> None:
        """Nothing will come of it. Its words stay with the team. Raises Conflict where it was published."""
        self.suggestion.hold()
        see_anew(self)
        if self.published() is not None:
            raise Conflict("A colleague has published this answer.")
        if self.closed_at is None:
            self.closed_at = now()
            self._record("team.answer-dropped", by)

    # Questions

    def readable_by(self, user: User) -> bool:
        return bool(user.is_team and self.drafted_by_id != user.id)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_read(self) -> bool:
        return self.read_by_id is not None

    @property
    def said(self) -> Outcome:
        return Outcome(self.status, self.owner, self.note, self.due_on, self.reason, tuple(self.posts))

    def published(self) -> Step | None:
        """The step that it has become."""
        found: Step | None = db.session.scalar(select(Step).where(Step.draft_id == self.id))
        return found

    # Queries

    @classmethod
    def whole(cls) -> Select[AnswerDraft]:
        """Drafts, each with its suggestion, thread and people."""
        return select(cls).options(
            joinedload(cls.suggestion).joinedload(Suggestion.thread).joinedload(Thread.prompt),
            joinedload(cls.suggestion).joinedload(Suggestion.thread).joinedload(Thread.author),
            joinedload(cls.drafted_by),
            joinedload(cls.read_by),
        )

    @classmethod
    def open_for(cls, thread: int) -> Select[AnswerDraft]:
        return cls.whole().where(cls.thread_id == thread, cls.closed_at.is_(None))

    @classmethod
    def waiting(cls, limit: int) -> Select[AnswerDraft]:
        """Open drafts, the oldest first."""
        return cls.whole().where(cls.closed_at.is_(None)).order_by(cls.drafted_at).limit(limit)

    def _say(self, said: Outcome) -> None:
        self.status, self.owner, self.note = said.status, said.owner, said.note
        self.due_on, self.reason, self.posts = said.due_on, said.reason, list(said.posts)

    def _hold(self, since: int) -> None:
        self.suggestion.hold()
        see_anew(self)
        if not self.is_open:
            raise Conflict("This draft is closed: a colleague has published it, or dropped it.")
        if self.version != since:
            raise Conflict("A colleague has changed this draft meanwhile.")

    def _record(
        self, verb: str, by: User, public: bool = False, post: int | None = None, **detail: Any
    ) -> None:
        record(
            verb,
            by=by,
            public=public,
            prompt=self.suggestion.thread.prompt_id,
            thread=self.thread_id,
            post=post,
            subject=self.suggestion.thread.author_id,
            detail={"draft": self.id, "version": self.version, **detail},
        )
