"""What a person says of a resource: one review each, and it can be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.dress import LONDON
from forum.core.errors import Refused
from forum.discussion.models import Post, Thread
from forum.discussion.models.splitting import parting
from forum.discussion.models.words import Moderation, Publication
from forum.resources.models.counts import Figures, ReviewCount
from forum.resources.models.resources import Resource
from forum.resources.models.words import HELPED, KNOWN, Answers

WORDS = ("helped_with", "helped_whom", "missing", "body")


class Review(db.Model):  # type: ignore[name-defined,misc]
    """One person's answers about one resource. `position`, `phase` and `answered_at` are of the time when the answers
    were given or last changed: under these they are counted. The words are the post `post_id`, composed of the same
    fields; there is none where nothing was written."""

    __tablename__ = "resource_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    known: Mapped[str] = mapped_column(String(10))
    helped: Mapped[str | None] = mapped_column(String(12))
    position: Mapped[str | None] = mapped_column(String(20))
    phase: Mapped[str | None] = mapped_column(String(20))
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    answered_at: Mapped[datetime] = mapped_column(Instant, default=now)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    helped_with: Mapped[str] = mapped_column(Text, default="")
    helped_whom: Mapped[str] = mapped_column(Text, default="")
    missing: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")

    post: Mapped[Post | None] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("resource_id", "author_id"),
        Index(None, "author_id"),
        Index(None, "post_id", unique=True),
    )

    # What people do

    @classmethod
    def give(
        cls,
        resource: Resource,
        by: User,
        answers: Answers,
        disclosure: str = "named",
        submission: str | None = None,
        at: datetime | None = None,
    ) -> Review:
        """Say what `by` thinks of `resource`, over what they said of it before; `at` is now unless a story is told.
        The same twice changes nothing. Raises Refused where they may not, or their words may not be posted."""
        _check(answers)
        see_anew(by, lock=True)  # the person's row, the thread's, the prompt's: one order of locks
        resource.hold()
        if not resource.reviewable_by(by):
            raise Refused(resource.why_not_reviewed_by(by))
        review = cls.by(by, resource)
        is_new = review is None
        if review is None:
            review = cls(resource_id=resource.id, author_id=by.id, post=None)
            db.session.add(review)
        counted = review._count(by, answers, at or now(), is_new)
        said = review._say(resource.talk(), by, answers, disclosure, submission)
        if counted or said:
            resource.talk().touched()
            about = {"resource": resource.slug}
            verb = "resource.reviewed" if is_new else "resource.review-changed"
            record(verb, by=by, thread=resource.thread_id, post=review.post_id, detail=about)
        return review

    # Questions

    @property
    def answers(self) -> Answers:
        words = {name: getattr(self, name) for name in WORDS}
        return Answers(known=self.known, helped=self.helped, **words)

    @property
    def writes(self) -> bool:
        """Its words can be changed: the team has not taken them out of sight."""
        return self.post is None or self.post.moderation == Moderation.CLEAR

    @property
    def is_said(self) -> bool:
        """Its words stand in the thread, or would if the team let them."""
        return self.post is not None and self.post.publication != Publication.WITHDRAWN

    # Queries

    @classmethod
    def by(cls, person: User, resource: Resource) -> Review | None:
        """The review of this person, with its post."""
        found: Review | None = db.session.scalar(OF_ONE, {"resource": resource.id, "author": person.id})
        return found

    @classmethod
    def of_post(cls, post: int) -> Review | None:
        found: Review | None = db.session.scalar(select(cls).where(cls.post_id == post))
        return found

    # Helpers

    def _count(self, by: User, answers: Answers, at: datetime, is_new: bool) -> bool:
        """Count these answers in the place of those before. False where nothing in them is another."""
        now_said = (answers.known, answers.helped, by.position, by.phase)
        if not is_new:
            if (self.known, self.helped, self.position, self.phase) == now_said:
                return False
            self._tally(-1)
        self.known, self.helped, self.position, self.phase = now_said
        self.made_at = self.made_at or at
        self.answered_at = at
        self._tally(1)
        return True

    def _tally(self, sign: int) -> None:
        groups = {
            "position": self.position or "",
            "phase": self.phase or "",
            "month": f"{self.answered_at.astimezone(LONDON):%Y-%m}",
        }
        ReviewCount.count(self.resource_id, Figures.of_one(self.known, self.helped), groups, sign)

    def _say(
        self, thread: Thread, by: User, answers: Answers, disclosure: str, submission: str | None
    ) -> bool:
        """Let the thread say these words: a new post, an edited one, or none any more. False where it does already.
        Words that the team has taken out of sight stay as they are, and out of sight."""
        if not self.writes:
            return False
        words, post = answers.as_post(), self.post
        for name in WORDS:
            setattr(self, name, getattr(answers, name))
        if post is not None and post.publication == Publication.WITHDRAWN and words:
            post = self._back(post, by)
        if post is None:
            return self._post(thread, by, words, disclosure, submission) if words else False
        if not words:
            return self._withdraw(post, by)
        if (post.source, post.disclosure) == (words, disclosure):
            return False
        if not post.editable_by(by):
            raise Refused(thread.why_closed_to(by))
        post.edit(by, words, disclosure, since=post.version)
        return True

    def _back(self, post: Post, by: User) -> Post | None:
        """The post that was withdrawn, in its place again; None where it is too late for that."""
        if not post.returnable_by(by):
            return None
        post.bring_back(by)
        return post

    def _post(self, thread: Thread, by: User, words: str, disclosure: str, submission: str | None) -> bool:
        self.post = thread.reply(by, words, disclosure, submission)
        db.session.flush()
        return True

    def _withdraw(self, post: Post, by: User) -> bool:
        if post.publication == Publication.WITHDRAWN:
            return False
        post.withdraw(by)
        return True


def _check(answers: Answers) -> None:
    """What no form of ours sends."""
    if answers.known not in KNOWN or (answers.helped in HELPED) != (answers.known == "used"):
        raise ValueError(f"not an answer: {answers.known!r}, {answers.helped!r}")


OF_ONE: Any = (
    select(Review)
    .where(Review.resource_id == bindparam("resource"), Review.author_id == bindparam("author"))
    .options(
        joinedload(Review.post).joinedload(Post.thread).joinedload(Thread.prompt),
        joinedload(Review.post).joinedload(Post.author),
    )
    .execution_options(populate_existing=True)
)


@parting.connect
def _reviews_stay(thread: Thread, posts: list[int]) -> None:
    if db.session.scalar(select(Review.post_id).where(Review.post_id.in_(posts)).limit(1)) is not None:
        raise Refused("A review stays with its resource.")
