"""Trials: other schools try what a study tells of, and report what came of it. A report is a post in its thread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.case_studies.models.facts import SETTING, TRIED, Answers, school_of
from forum.case_studies.models.scales import OUTCOMES, Outcome
from forum.case_studies.models.story import Composed, compose
from forum.case_studies.models.studies import CaseStudy
from forum.core.db import db
from forum.core.errors import Refused
from forum.discussion.models import Post, Thread
from forum.discussion.models.splitting import parting
from forum.discussion.models.words import Moderation, Publication

OWN = "This is your own case study. To say what has happened since, edit it."


class Trial(db.Model):  # type: ignore[name-defined,misc]
    """What came of it in one other school: beside the post that tells it. One for each person and study. `told`
    says that the author of the study has heard of it."""

    __tablename__ = "case_study_trials"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("case_studies.thread_id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), unique=True)
    outcome: Mapped[str] = mapped_column(String(10))
    phase: Mapped[str] = mapped_column(String(20))
    school: Mapped[str] = mapped_column(String(160), default="")
    school_type: Mapped[str] = mapped_column(String(20), default="")
    school_size: Mapped[str] = mapped_column(String(20), default="")
    region: Mapped[str] = mapped_column(String(30), default="")
    changed: Mapped[str] = mapped_column(Text, default="")
    saw: Mapped[str] = mapped_column(Text, default="")
    told: Mapped[bool] = mapped_column(default=False)

    post: Mapped[Post] = relationship(lazy="raise")

    __table_args__ = (UniqueConstraint("thread_id", "author_id"), Index(None, "author_id"))

    @classmethod
    def report(
        cls, study: CaseStudy, by: User, answers: Answers, submission: str | None = None
    ) -> tuple[Trial, bool]:
        """`by` tells what came of it in their school: the trial, and whether it is a new one (the same submission
        twice is not). `answers` has the names of TRIED, and disclosure. Raises Refused where `by` may not."""
        thread = db.session.get_one(Thread, study.thread_id)
        thread.hold()
        before = db.session.scalar(cls.of(by, study))
        written, said = _composed(answers), answers.get("disclosure") or "named"
        if (
            before is not None
            and submission
            and before.post.submission == submission
            and before.says(answers)
        ):
            return before, False
        if thread.author_id == by.id:
            raise Refused(OWN)
        if before is not None and before.post.publication != Publication.WITHDRAWN:
            before.revise(by, answers, before.post.version)
            return before, False
        post = thread.reply(by, written.source, said, submission)
        post.html = written.html
        db.session.flush()
        trial = before or cls(thread_id=thread.id, author_id=by.id)
        trial.post_id = post.id
        trial._say(answers)
        db.session.add(trial)
        db.session.flush()
        recount(thread.id)
        return trial, True

    def revise(self, by: User, answers: Answers, since: int) -> None:
        """Say it anew; the words before stay in the post's history. Raises Conflict and Refused as an edit does."""
        post, written = self.post, _composed(answers)
        post.edit(by, written.source, answers.get("disclosure") or "named", since)
        post.html = written.html
        self._say(answers)
        db.session.flush()
        recount(self.thread_id)

    @property
    def setting(self) -> Answers:
        return {fact.name: getattr(self, fact.name) for fact in SETTING}

    def says(self, answers: Answers) -> bool:
        """Is that what it says already?"""
        return all(getattr(self, fact.name) == str(answers.get(fact.name) or "") for fact in TRIED)

    # Queries

    @classmethod
    def of(cls, by: User, study: CaseStudy) -> Select[Trial]:
        """The one of this person on this study, with its post."""
        loads = joinedload(cls.post).options(
            joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author)
        )
        return select(cls).where(cls.thread_id == study.thread_id, cls.author_id == by.id).options(loads)

    @classmethod
    def is_shown(cls) -> ColumnElement[bool]:
        """Joined with its post: does it count?"""
        return and_(Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)

    @classmethod
    def shown(cls, study: int) -> Select[Any]:
        """Those of a study that count, with their posts."""
        return select(cls).join(cls.post).where(cls.thread_id == study, cls.is_shown())

    def _say(self, answers: Answers) -> None:
        for fact in TRIED:
            setattr(self, fact.name, str(answers.get(fact.name) or ""))


def recounted(thread: int) -> Any:
    """The UPDATE that brings a study's counts in line with its trials that are shown."""
    shown = (
        select(func.count())
        .select_from(Trial)
        .join(Post, Post.id == Trial.post_id)
        .where(Trial.thread_id == thread, Trial.is_shown())
    )
    outcomes = {
        f"tried_{outcome}": shown.where(Trial.outcome == outcome).scalar_subquery() for outcome in Outcome
    }
    studies: Any = CaseStudy.__table__
    return (
        update(studies)
        .where(studies.c.thread_id == thread)
        .values(tried_count=shown.scalar_subquery(), **outcomes)
    )


def recount(thread: int) -> None:
    db.session.connection().execute(recounted(thread))


def _composed(answers: Answers) -> Composed:
    outcome = OUTCOMES[Outcome(answers["outcome"])]
    told = [(fact.label, str(answers.get(fact.name) or "")) for fact in TRIED if fact.told]
    return compose([("School", school_of(answers))], told, f"**We tried this. {outcome}.**")


@parting.connect
def _trials_stay(thread: Thread, posts: list[int]) -> None:
    if db.session.scalar(select(Trial.post_id).where(Trial.post_id.in_(posts)).limit(1)) is not None:
        raise Refused("A report of trying a case study stays with the study.")
