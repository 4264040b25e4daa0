"""What changed because of what people said of a resource."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup
from sqlalchemy import Date, ForeignKey, Index, Select, Text, delete, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.core.db import db
from forum.core.errors import Refused
from forum.core.markup import SafeHTML, render
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Moderation, Publication
from forum.resources.models.resources import Resource
from forum.resources.models.words import change_as_post

LISTED = 20


class ResourceChange(db.Model):  # type: ignore[name-defined,misc]
    """A dated change, and the posts it rests on. Its words are the post `post_id` in the resource's thread, so that
    feeds and followers have it; `what` is the part of them that the resource's own page shows."""

    __tablename__ = "resource_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    changed_on: Mapped[date] = mapped_column(Date)
    what: Mapped[str] = mapped_column(Text)
    html: Mapped[Markup] = mapped_column(SafeHTML)

    resource: Mapped[Resource] = relationship(lazy="raise")
    post: Mapped[Post] = relationship(lazy="raise")

    __table_args__ = (Index(None, "resource_id", "changed_on", "id"), Index(None, "post_id", unique=True))

    # What the team does

    @classmethod
    def tell(
        cls,
        resource: Resource,
        by: User,
        on: date,
        what: str,
        rests_on: list[Post],
        submission: str | None = None,
    ) -> ResourceChange:
        """Say what changed; the same submission twice is one change. Raises Refused where `by` is not of the team,
        or the thread is not there to be posted in."""
        if not by.is_team:
            raise Refused("Only the team says what has changed.")
        resource.hold()
        words = change_as_post(on, what, _places(rests_on))
        post = resource.talk().reply(by, words, submission=submission)
        earlier = cls.of_post(post.id)
        if earlier is not None:
            return earlier
        change = cls(resource=resource, post=post, changed_on=on, what=what, html=render(what))
        db.session.add(change)
        change._rest_on(rests_on)
        change._record(by, rests_on)
        return change

    def edit(self, by: User, on: date, what: str, rests_on: list[Post], since: int) -> None:
        """Other words from whoever wrote them. Raises Conflict where the post is not version `since` any more."""
        self.post.edit(by, change_as_post(on, what, _places(rests_on)), self.post.disclosure, since)
        self.changed_on, self.what, self.html = on, what, render(what)
        self._rest_on(rests_on)
        self._record(by, rests_on)

    # Queries

    @classmethod
    def told_of(cls, resource: int) -> list[tuple[ResourceChange, list[Post]]]:
        """The latest changes whose words are shown, newest first, each with those posts that are shown: two queries,
        however many."""
        changes = db.session.scalars(
            select(cls)
            .join(cls.post)
            .where(cls.resource_id == resource, *SHOWN)
            .order_by(cls.changed_on.desc(), cls.id.desc())
            .limit(LISTED)
            .options(joinedload(cls.post))
        ).all()
        return [(change, posts) for change, posts in _with_posts(changes)]

    @classmethod
    def whole(cls) -> Select[ResourceChange]:
        """Changes, each with its resource, and its post as one to edit."""
        post = joinedload(cls.post)
        return select(cls).options(
            joinedload(cls.resource),
            post.joinedload(Post.thread).joinedload(Thread.prompt),
            post.joinedload(Post.author),
        )

    @classmethod
    def of_post(cls, post: int) -> ResourceChange | None:
        found: ResourceChange | None = db.session.scalar(select(cls).where(cls.post_id == post))
        return found

    def rests_on(self) -> list[Post]:
        return next(posts for _, posts in _with_posts([self]))

    # Helpers

    def _rest_on(self, posts: list[Post]) -> None:
        db.session.flush()
        db.session.execute(delete(RestsOn).where(RestsOn.change_id == self.id))
        db.session.add_all(RestsOn(change_id=self.id, post_id=post.id) for post in posts)

    def _record(self, by: User, rests_on: list[Post]) -> None:
        db.session.flush()
        record(
            "team.resource-changed",
            by=by,
            public=True,
            prompt=self.post.prompt_id,
            thread=self.post.thread_id,
            post=self.post_id,
            detail={"resource": self.resource.slug, "rests on": [post.id for post in rests_on]},
        )


class RestsOn(db.Model):  # type: ignore[name-defined,misc]
    """A change rests on a post."""

    __tablename__ = "resource_change_posts"

    change_id: Mapped[int] = mapped_column(ForeignKey("resource_changes.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)

    __table_args__ = (Index(None, "post_id"),)


SHOWN = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)


def readable_posts(ids: set[int], thread: int, numbers: set[int]) -> list[Post]:
    """The posts with these ids, and those of `thread` with these numbers, that everyone may read; in order."""
    if not ids and not numbers:
        return []
    query = Post.visible_to(Visitor()).where(
        Post.id.in_(ids) | ((Post.thread_id == thread) & Post.number.in_(numbers))
    )
    return list(db.session.scalars(query.order_by(Post.id)))


def _with_posts(changes: Any) -> list[tuple[ResourceChange, list[Post]]]:
    found: dict[int, list[Post]] = {change.id: [] for change in changes}
    query = (
        Post.visible_to(Visitor())
        .join(RestsOn, RestsOn.post_id == Post.id)
        .where(RestsOn.change_id.in_(found))
    )
    for post, change in db.session.execute(query.add_columns(RestsOn.change_id).order_by(Post.id)):
        found[change].append(post)
    return [(change, found[change.id]) for change in changes]


def _places(posts: list[Post]) -> list[tuple[int, int]]:
    return [(post.id, post.number or 1) for post in posts]
