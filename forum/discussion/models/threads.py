"""The conversation itself: threads, posts, and every earlier version of a post."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    false,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor, described
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.core.freshness import versions
from forum.core.markup import SafeHTML, render
from forum.discussion.models.gate import keeper
from forum.discussion.models.mentions import people_named
from forum.discussion.models.places import PlaceOfPost, PlaceOfThread
from forum.discussion.models.prompts import Component, Conversation, Prompt
from forum.discussion.models.words import (
    CHANGE,
    CHECKING,
    NOT_YET,
    Kind,
    Moderation,
    Publication,
    gone_because,
)

__all__ = [
    "Component",
    "Conversation",
    "MovedPost",
    "Post",
    "Prompt",
    "Revision",
    "Thread",
    "ThreadComponent",
]

RESTORABLE = timedelta(days=30)
A_MOMENT = timedelta(hours=1)
LISTED = "publication = 'published' AND moderation = 'clear'"
STUDIES = "kind = 'case-study'"
Person = User | Visitor


class Moved(Conflict):
    """What was here is in another thread by now: the one with the id `to`."""

    def __init__(self, to: int) -> None:
        super().__init__("This has been moved into another thread. Open it again to go on there.")
        self.to = to


def _listed(*columns: str, name: str, also: str = "") -> Index:
    """An index of what a list shows, and of nothing else."""
    where = text(LISTED + also)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _of_studies(*columns: str, name: str) -> Index:
    """An index of the threads of case studies, which the library reads whole. SQLite needs `kind` in it for that."""
    return Index(name, *columns, "kind", sqlite_where=text(STUDIES), postgresql_where=text(STUDIES))


class Thread(db.Model):  # type: ignore[name-defined,misc]
    """A conversation under one prompt. Post number 1 opens it. `place` says where it stands among the threads that
    have become public (see places.py); None while it never was. `answered_at` is when the team first answered;
    `supporters_count` and `has_picture` say what the record beside it has gathered; `merged_into` is the thread
    that took its posts."""

    __tablename__ = "threads"

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(20), default=Kind.DISCUSSION)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    publication: Mapped[str] = mapped_column(String(10), default=Publication.PUBLISHED)
    moderation: Mapped[str] = mapped_column(String(10), default=Moderation.CLEAR)
    gone_at: Mapped[datetime | None] = mapped_column(Instant)
    gone_reason: Mapped[str | None] = mapped_column(String(20))
    locked: Mapped[bool] = mapped_column(default=False)
    pinned: Mapped[bool] = mapped_column(default=False)
    holds: Mapped[bool] = mapped_column(default=False, server_default=false())
    slow_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    posts_count: Mapped[int] = mapped_column(default=0)
    last_post_at: Mapped[datetime] = mapped_column(Instant, default=now)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)
    author_position: Mapped[str | None] = mapped_column(String(20))
    author_phase: Mapped[str | None] = mapped_column(String(20))
    imported_as: Mapped[str | None] = mapped_column(String(320), unique=True)
    supporters_count: Mapped[int] = mapped_column(default=0, server_default="0")
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    has_picture: Mapped[bool] = mapped_column(default=False, server_default=false())
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("threads.id"))
    place: Mapped[int | None] = mapped_column(default=PlaceOfThread())

    prompt: Mapped[Prompt] = relationship(lazy="raise")
    author: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "place", unique=True),
        Index(None, "author_id", "place"),
        Index(None, "merged_into"),
        _listed("last_post_at", "id", name="ix_threads_latest"),
        _listed("prompt_id", "pinned", "last_post_at", "id", name="ix_threads_prompt_latest"),
        _listed("prompt_id", "place", name="ix_threads_prompt_newest"),
        _listed("prompt_id", "place", name="ix_threads_prompt_unanswered", also=" AND posts_count = 1"),
        _listed("prompt_id", "kind", "last_post_at", "id", name="ix_threads_prompt_kind"),
        _listed("prompt_id", "author_position", "last_post_at", "id", name="ix_threads_prompt_position"),
        _listed("prompt_id", "author_phase", "last_post_at", "id", name="ix_threads_prompt_phase"),
        _of_studies("id", "version", name="ix_threads_studies"),
        _of_studies("slug", "id", name="ix_threads_studies_title"),
    )

    # What people and the team do

    @classmethod
    def start(
        cls,
        prompt: Prompt,
        by: User,
        title: str,
        text: str,
        components: list[Component],
        disclosure: str = "named",
        submission: str | None = None,
        kind: Kind = Kind.DISCUSSION,
    ) -> Thread:
        """Open a thread under `prompt` with its first post; the same submission twice returns the first thread.
        Raises Refused where `by` may not post."""
        see_anew(by, lock=True)  # one at a time: a double click waits here
        earlier, submission = Post.submitted(
            by, submission, text, lambda post: post.opens and post.thread.title == title
        )
        if earlier is not None:
            return earlier.thread
        if not by.may_post:
            raise Refused(why_not(by))
        why = keeper().why_held(by, prompt.id, None, f"{title}\n\n{text}")
        at = now()
        thread = cls(
            prompt=prompt,
            author=by,
            title=title,
            slug=slug_of(title),
            kind=kind,
            created_at=at,
            last_post_at=at,
            publication=Publication.HELD if why else Publication.PUBLISHED,
            author_position=by.position,
            author_phase=by.phase,
            place=null() if why else PlaceOfThread(),
        )
        db.session.add(thread)
        db.session.flush()
        thread.carry(components)
        post = thread._post(by, text, disclosure, submission, None, at, waits=bool(why))
        thread.admit(post, at)
        if why:
            post._held(by, why)
        else:
            record("thread.started", by=by, public=True, prompt=prompt.id, thread=thread.id, post=post.id)
        return thread

    def reply(
        self,
        by: User,
        text: str,
        disclosure: str = "named",
        submission: str | None = None,
        in_reply_to: Post | None = None,
    ) -> Post:
        """Add `text` as the next post and return it; the same submission twice returns the first.
        Raises Refused where the thread takes none from `by`."""
        self.hold()
        earlier, submission = Post.submitted(by, submission, text, lambda post: post.thread_id == self.id)
        if earlier is not None:
            return earlier
        if not self.open_to(by):
            raise Refused(self.why_closed_to(by))
        if in_reply_to is not None:
            see_anew(in_reply_to)  # it may have been moved while this was written
            in_reply_to = in_reply_to if in_reply_to.thread_id == self.id else None
        if why := keeper().why_held(by, self.prompt_id, self, text):
            post = self._post(by, text, disclosure, submission, in_reply_to, now(), waits=True)
            post._held(by, why)
            return post
        post = self._post(by, text, disclosure, submission, in_reply_to, now())
        self.admit(post, post.published_at)
        if by.is_team and self.author_id != by.id:
            self.answered_at = self.answered_at or post.published_at
        record("post.published", by=by, public=True, prompt=self.prompt_id, thread=self.id, post=post.id)
        return post

    def lock(self, by: User, note: str = "") -> None:
        self._set(by, "team.thread-locked", note, locked=True)

    def unlock(self, by: User, note: str = "") -> None:
        self._set(by, "team.thread-unlocked", note, locked=False)

    def pin(self, by: User, note: str = "") -> None:
        self._set(by, "team.thread-pinned", note, pinned=True)

    def unpin(self, by: User, note: str = "") -> None:
        self._set(by, "team.thread-unpinned", note, pinned=False)

    def arrange(
        self,
        by: User,
        title: str,
        components: list[Component],
        slow_seconds: int,
        holds: bool,
        note: str = "",
    ) -> None:
        """The team's hand on a thread: its title and components, how long a person waits between posts, and whether
        each post waits for the team. Its address leads here from the old title too."""
        self.hold()
        before = {"title": self.title, "slow": self.slow_seconds, "holds": self.holds}
        carried = self._carried()
        self.title, self.slug = title, slug_of(title)
        self.slow_seconds, self.holds = slow_seconds, holds
        self.carry(components)
        wanted = sorted(component.id for component in components)
        after = {"title": title, "slow": slow_seconds, "holds": holds}
        if before == after and carried == wanted:
            return
        if before["title"] != title:
            opening = db.session.scalar(select(Post).where(Post.thread_id == self.id, Post.number == 1))
            if opening is not None:
                opening.retitled(str(before["title"]))
        self.touched()
        about = {"before": {**before, "components": carried}}
        record(
            "team.thread-arranged",
            by=by,
            public=True,
            prompt=self.prompt_id,
            thread=self.id,
            note=note,
            detail=about,
        )

    def hide(self, by: User, reason: str, note: str = "") -> None:
        """Take the whole thread out of sight: for all but the team it is not there."""
        self._set(
            by,
            "team.thread-hidden",
            note,
            {"reason": reason},
            moderation=Moderation.HIDDEN,
            gone_at=now(),
            gone_reason=reason,
        )

    def restore(self, by: User, note: str = "") -> None:
        self._set(
            by, "team.thread-restored", note, moderation=Moderation.CLEAR, gone_at=None, gone_reason=None
        )
        # newer than the tombstones that feeds gave meanwhile, or readers would not take the posts back
        db.session.execute(update(Post).where(Post.thread_id == self.id).values(updated_at=now()))

    def move(self, by: User, to: Prompt, note: str = "") -> None:
        """Put the thread under another prompt; its URL stays."""
        self.hold()
        before = self.prompt_id
        if before == to.id:
            return
        self.prompt_id = to.id
        db.session.execute(update(Post).where(Post.thread_id == self.id).values(prompt_id=to.id))
        self._touch(before, to.id)
        record(
            "team.thread-moved",
            by=by,
            public=True,
            prompt=to.id,
            thread=self.id,
            note=note,
            detail={"from": before},
        )

    def _carried(self) -> list[int]:
        query = select(ThreadComponent.component_id).where(ThreadComponent.thread_id == self.id)
        return sorted(db.session.scalars(query))

    def carry(self, components: list[Component]) -> None:
        """Carry exactly these components."""
        have = {
            row.component_id: row
            for row in db.session.scalars(select(ThreadComponent).where(ThreadComponent.thread_id == self.id))
        }
        want = {component.id for component in components}
        for gone in have.keys() - want:
            db.session.delete(have[gone])
        for new in want - have.keys():
            db.session.add(
                ThreadComponent(
                    thread_id=self.id, component_id=new, last_post_at=self.last_post_at, place=self.place
                )
            )

    def hold(self) -> None:
        """Take this thread's row lock, and see it as it is now. Every change of a thread or of its posts
        begins here; the prompt's row follows (one order of locks). Raises Moved where it was merged meanwhile."""
        see_anew(self, lock=True)
        if self.merged_into is not None:
            raise Moved(self.merged_into)

    def touched(self) -> None:
        """Something that a page could show has changed."""
        self._touch(self.prompt_id)

    # Questions

    def open_to(self, user: Person) -> bool:
        return user.may_post and self.is_listed and (not self.locked or user.is_team)

    def why_closed_to(self, user: Person) -> str:
        if not user.may_post:
            return why_not(user)
        return "This thread is locked: it takes no new posts."

    @property
    def is_listed(self) -> bool:
        return self.publication == Publication.PUBLISHED and self.moderation == Moderation.CLEAR

    @property
    def is_hidden(self) -> bool:
        return self.moderation != Moderation.CLEAR

    # Queries

    @classmethod
    def visible_to(cls, user: Person) -> Select[Thread]:
        """The threads that `user` may see."""
        return select(cls).where(cls.seen_by(user))

    @classmethod
    def seen_by(cls, user: Person) -> ColumnElement[bool]:
        """A merged thread is seen by nobody: its posts are in the other."""
        if user.is_team:
            return cls.merged_into.is_(None)
        own = (
            and_(cls.author_id == user.id, cls.moderation == Moderation.CLEAR, cls.merged_into.is_(None))
            if user.is_signed_in
            else false()
        )
        return or_(listed(), own)

    # Helpers

    def admit(self, post: Post, at: datetime) -> None:
        """Give `post` the next number, and the last position."""
        self.posts_count += 1
        self.last_post_at = at
        post.number = post.position = self.posts_count
        self.touched()
        db.session.flush()
        db.session.connection().execute(POSTED_IN, {"thread": self.id, "at": at})

    def come_out(self, at: datetime) -> None:
        """Be public from now on; for the first time, it takes its place."""
        self.publication, self.created_at, self.last_post_at = Publication.PUBLISHED, at, at
        if self.place is None:
            self.place = PlaceOfThread()
            db.session.flush()
            db.session.connection().execute(PLACED, {"thread": self.id, "at": self.place})

    def _post(
        self,
        by: User,
        text: str,
        disclosure: str,
        submission: str | None,
        in_reply_to: Post | None,
        at: datetime,
        waits: bool = False,
    ) -> Post:
        post = Post(
            thread=self,
            prompt_id=self.prompt_id,
            author=by,
            source=text,
            html=render(text, people_named(text, self.id)),
            disclosure=disclosure,
            submission=submission,
            in_reply_to=in_reply_to.number if in_reply_to else None,
            publication=Publication.HELD if waits else Publication.PUBLISHED,
            published_at=at,
            updated_at=at,
            place=null() if waits else PlaceOfPost(),
        )
        db.session.add(post)
        return post

    def _set(
        self, by: User, verb: str, note: str, detail: dict[str, str] | None = None, **to: object
    ) -> None:
        """Set fields and record it; an act that changes nothing leaves no line."""
        self.hold()
        if all(getattr(self, name) == value for name, value in to.items() if name != "gone_at"):
            return
        for name, value in to.items():
            setattr(self, name, value)
        self.touched()
        record(verb, by=by, public=True, prompt=self.prompt_id, thread=self.id, note=note, detail=detail)

    def _touch(self, *prompts: int) -> None:
        at = now()
        self.version = (self.version or 0) + 1
        self.changed_at = at
        db.session.flush()
        db.session.connection().execute(TOUCHED, {"prompts": sorted(prompts), "at": at})


class ThreadComponent(db.Model):  # type: ignore[name-defined,misc]
    """A thread carries a component. `last_post_at` and `place` are the thread's own: a component's list is an index
    range."""

    __tablename__ = "thread_components"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id"), primary_key=True)
    last_post_at: Mapped[datetime] = mapped_column(Instant)
    place: Mapped[int | None]

    __table_args__ = (
        Index("ix_thread_components_latest", "component_id", "last_post_at", "thread_id"),
        Index("ix_thread_components_newest", "component_id", "place"),
    )


def _as_numbered(context: Any) -> int | None:
    number: int | None = context.get_current_parameters().get("number")
    return number


class Post(db.Model):  # type: ignore[name-defined,misc]
    """Any text that a person wrote in a thread. A post that is gone keeps its number and its words. `position` is
    where it stands in its thread as that is read (see order.py), `place` where it stands among the posts that have
    become public (see places.py; None while it never was). `prompt_id` is its thread's, so that a prompt's posts are an
    index range. A post that waits for the team has no number and no position yet, unless it opens its thread."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    number: Mapped[int | None]
    position: Mapped[int | None] = mapped_column(default=_as_numbered)
    in_reply_to: Mapped[int | None]
    publication: Mapped[str] = mapped_column(String(10), default=Publication.PUBLISHED)
    moderation: Mapped[str] = mapped_column(String(10), default=Moderation.CLEAR)
    disclosure: Mapped[str] = mapped_column(String(10), default="named")
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[Markup] = mapped_column(SafeHTML)
    published_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now)
    edited_at: Mapped[datetime | None] = mapped_column(Instant)
    gone_at: Mapped[datetime | None] = mapped_column(Instant)
    gone_reason: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    submission: Mapped[str | None] = mapped_column(String(64))
    place: Mapped[int | None] = mapped_column(default=PlaceOfPost())

    thread: Mapped[Thread] = relationship(lazy="raise")
    author: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("thread_id", "number"),
        UniqueConstraint("author_id", "submission"),
        Index(None, "place", unique=True),
        Index(None, "author_id", "id"),
        Index(None, "author_id", "place"),
        Index(None, "prompt_id", "place"),
        Index(None, "thread_id", "position"),
        Index(
            "ix_posts_gone_at",
            "gone_at",
            sqlite_where=text("gone_at IS NOT NULL"),
            postgresql_where=text("gone_at IS NOT NULL"),
        ),
    )

    def edit(
        self,
        by: User,
        text: str,
        disclosure: str,
        since: int,
        title: str | None = None,
        components: list[Component] | None = None,
    ) -> None:
        """Change the words, keeping the ones before. `since` is the version that `by` began from: raises
        Conflict where the post has changed since then, Refused where `by` may not edit."""
        self.hold()
        if not self.editable_by(by):
            raise Refused("You can edit only your own posts, in a thread that is open.")
        if self.version != since:
            raise Conflict("This post has changed since you began.")
        retitled = title is not None and title != self.thread.title
        said = f"{title}\n\n{text}" if title else text
        why = (
            keeper().why_held(by, self.prompt_id, self.thread, said, self.was_public())
            if text != self.source or retitled
            else []
        )
        if text != self.source or retitled:
            db.session.add(
                Revision(
                    post_id=self.id,
                    source=self.source,
                    title=self.thread.title if self.opens else None,
                    written_at=self.edited_at or self.published_at,
                )
            )
            html = render(text, people_named(text, self.thread_id))
            self.source, self.html, self.edited_at = text, html, now()
        if title is not None and retitled:
            self.thread.title, self.thread.slug = title, slug_of(title)
        if components is not None:
            self.thread.carry(components)
        self.disclosure = disclosure
        self._changed("post.edited", by)
        if self.is_sent_back:
            self._waits_again(by, ["changed"])
        elif why and self.is_shown:
            self._waits_again(by, why)

    def retitled(self, before: str) -> None:
        """Its thread has another title: the one before stays with this version of the words."""
        written = self.edited_at or self.published_at
        db.session.add(Revision(post_id=self.id, source=self.source, title=before, written_at=written))
        self.version += 1
        self.updated_at = self.edited_at = now()

    def withdraw(self, by: User) -> None:
        """Its author takes it back. An opening post that nobody has answered takes its thread with it."""
        self.hold()
        if not self.withdrawable_by(by):
            raise Refused("You can withdraw only your own posts.")
        waited = self.is_held
        self.publication, self.gone_at = Publication.WITHDRAWN, now()
        if waited:
            keeper().taken_back(self)
        if self.opens and self.thread.posts_count == 1:
            self.thread.publication, self.thread.gone_at = Publication.WITHDRAWN, self.gone_at
        self._changed("post.withdrawn", by, at=self.gone_at)

    def bring_back(self, by: User) -> None:
        """Its author thinks again, within 30 days."""
        self.hold()
        if not self.returnable_by(by):
            raise Refused("A withdrawn post can be restored by its author for 30 days.")
        why = keeper().why_held(by, self.prompt_id, self.thread, self.source)
        publication = Publication.HELD if why else Publication.PUBLISHED
        self.publication, self.gone_at = publication, None
        if self.thread.publication == Publication.WITHDRAWN:
            self.thread.publication, self.thread.gone_at = publication, None
        if why:
            self._held(by, why)
        elif self.place is None:  # it was withdrawn while it waited
            self._come_out(now())
        self._changed("post.brought-back", by)

    def hide(self, by: User, reason: str, note: str = "") -> None:
        """The team takes it out of sight; its place says so, and why."""
        self.hold()
        if self.moderation != Moderation.CLEAR and self.gone_reason not in NOT_YET:
            return
        self.moderation, self.gone_at, self.gone_reason = Moderation.HIDDEN, now(), reason
        self._changed("team.post-hidden", by, at=self.gone_at, note=note, detail={"reason": reason})

    def remove(self, by: User, reason: str, note: str = "") -> None:
        """Out of sight for good, as far as the team is concerned; the words are kept."""
        self.hold()
        if self.moderation == Moderation.REMOVED:
            return
        self.moderation, self.gone_at, self.gone_reason = Moderation.REMOVED, now(), reason
        self._changed("team.post-removed", by, at=self.gone_at, note=note, detail={"reason": reason})

    def check(self) -> None:
        """Out of sight until the team has looked, or has looked again."""
        self.hold()
        if self.gone_reason == CHECKING:
            return
        self.moderation, self.gone_at, self.gone_reason = Moderation.HIDDEN, now(), CHECKING
        self._changed("post.checking", None, at=self.gone_at)

    def send_back(self, by: User, reason: str, note: str = "") -> None:
        """Ask its author to change it; nobody else sees it until they have, and the team has looked again."""
        self.hold()
        self.gone_reason = CHANGE
        if self.publication != Publication.HELD:
            self.moderation, self.gone_at = Moderation.HIDDEN, now()
        self._changed("team.post-sent-back", by, at=self.gone_at, note=note, detail={"reason": reason})

    def wait_on(self) -> None:
        """Back to waiting: what was decided about it has been taken back."""
        self.hold()
        self.moderation, self.gone_at, self.gone_reason = Moderation.CLEAR, None, None
        self._changed("post.waits", None)

    def publish(self, by: User, note: str = "") -> None:
        """Let out what waited: it takes its number now. What had a number comes back to its place."""
        self.hold()
        at, waited = now(), self.is_held
        if waited:
            self._come_out(at)
        elif self.moderation == Moderation.CLEAR:
            return
        self.moderation, self.gone_reason = Moderation.CLEAR, None
        self.gone_at = self.gone_at if self.publication == Publication.WITHDRAWN else None
        self._changed("team.post-published" if waited else "team.post-restored", by, at=at, note=note)

    def hold(self) -> None:
        """Take the thread's row lock, and see this post as it is now. Raises Moved where it has another thread."""
        self.thread.hold()
        see_anew(self)
        if self.thread_id != self.thread.id:
            raise Moved(self.thread_id)

    # Questions

    @property
    def opens(self) -> bool:
        return self.number == 1

    @property
    def is_shown(self) -> bool:
        return self.publication == Publication.PUBLISHED and self.moderation == Moderation.CLEAR

    @property
    def is_held(self) -> bool:
        return self.publication == Publication.HELD

    @property
    def is_sent_back(self) -> bool:
        """The team has asked its author for a change."""
        return self.gone_reason == CHANGE and (self.is_held or self.moderation == Moderation.HIDDEN)

    @property
    def gone_because(self) -> str | None:
        """Why its place is empty, for anyone to read."""
        return gone_because(self.publication, self.moderation, self.gone_reason)

    def was_public(self) -> str:
        """The words that others can read of it now."""
        if not self.is_shown or not self.thread.is_listed:
            return ""
        return f"{self.thread.title}\n\n{self.source}" if self.opens else self.source

    def editable_by(self, user: Person) -> bool:
        return (
            self.author_id == user.id
            and user.may_post
            and (self.is_shown or self.is_held or self.is_sent_back)
            and (self.thread.is_listed or self.thread.publication == Publication.HELD)
            and (not self.thread.locked or user.is_team or self.is_sent_back)
        )

    def withdrawable_by(self, user: Person) -> bool:
        shown = self.is_shown and self.thread.is_listed
        return self.author_id == user.id and (shown or self.is_held)

    def returnable_by(self, user: Person) -> bool:
        return (
            self.author_id == user.id
            and self.publication == Publication.WITHDRAWN
            and self.moderation == Moderation.CLEAR
            and self.thread.moderation == Moderation.CLEAR
            and self.gone_at is not None
            and now() - self.gone_at < RESTORABLE
        )

    # Queries

    @classmethod
    def visible_to(cls, user: Person) -> Select[Post]:
        """The posts whose words `user` may read, each with its thread, prompt and author."""
        shown = and_(cls.publication == Publication.PUBLISHED, cls.moderation == Moderation.CLEAR)
        if user.is_team:
            shown = true()
        elif user.is_signed_in:
            own = or_(cls.moderation == Moderation.CLEAR, cls.gone_reason == CHANGE)
            shown = or_(shown, and_(cls.author_id == user.id, own))
        return cls.in_place_for(user).where(shown)

    @classmethod
    def in_place_for(cls, user: Person) -> Select[Post]:
        """The posts whose place `user` may see, be it only a tombstone. One that waits has a place for its author
        and the team."""
        placed: ColumnElement[bool] = true() if user.is_team else cls.number.is_not(None)
        if user.is_signed_in:
            placed = or_(placed, cls.author_id == user.id)
        return (
            select(cls)
            .join(cls.thread)
            .where(Thread.seen_by(user), placed)
            .options(joinedload(cls.thread).joinedload(Thread.prompt), joinedload(cls.author))
        )

    @classmethod
    def submitted(
        cls, by: User, submission: str | None, text: str, here: Callable[[Post], bool]
    ) -> tuple[Post | None, str | None]:
        """The post that this sending has already made: by its submission, or as what `by` said last, a moment ago
        and `here` (a browser that goes back offers the words once more, in a form that is new). And the submission,
        or None where other words have used it up: then they are a post of their own."""
        if not submission:
            return None, None
        earlier: Post | None = db.session.scalar(SUBMITTED, {"author": by.id, "submission": submission})
        if earlier is not None:
            return (earlier, submission) if earlier.source == text else (None, None)
        last: Post | None = db.session.scalar(LAST_SAID, {"author": by.id})
        if last is None or last.source != text or not last.is_shown or now() - last.published_at > A_MOMENT:
            return None, submission
        return (last if here(last) else None), submission

    @classmethod
    def waiting_in(cls, thread: Thread, user: Person) -> Select[Post]:
        """What `user` has said in `thread` that waits for the team."""
        query = select(cls).where(cls.thread_id == thread.id, cls.number.is_(None), cls.author_id == user.id)
        return (
            query.where(cls.publication == Publication.HELD).order_by(cls.id).options(joinedload(cls.author))
        )

    @classmethod
    def waits_in(cls, thread: Thread, user: Person) -> bool:
        """The quick question before `waiting_in`: most pages have nothing that waits."""
        query = "SELECT 1 FROM posts WHERE thread_id = {} AND number IS NULL AND author_id = {}"
        return versions().row(query, (thread.id, user.id or 0)) is not None

    def _held(self, by: User, why: list[str]) -> None:
        """Keep this from others until the team has looked."""
        db.session.flush()
        about = {"why": why}
        record("post.held", by=by, prompt=self.prompt_id, thread=self.thread_id, post=self.id, detail=about)
        keeper().held(self, why)

    def _come_out(self, at: datetime) -> None:
        """Be public from now on; for the first time, it takes its place, and its number where it has none."""
        self.publication, self.published_at = Publication.PUBLISHED, at
        if self.place is None:
            self.place = PlaceOfPost()
        if self.number is None:
            self.thread.admit(self, at)
        if self.opens and (self.thread.publication == Publication.HELD or self.thread.place is None):
            self.thread.come_out(at)

    def _waits_again(self, by: User, why: list[str]) -> None:
        """What its author has changed waits for another look."""
        if self.is_held:
            self.gone_reason = None
        else:
            self.moderation, self.gone_at, self.gone_reason = Moderation.HIDDEN, now(), CHECKING
        self._held(by, why)

    def _changed(self, verb: str, by: User | None, at: datetime | None = None, **more: Any) -> None:
        """This post is another one now, and so are its thread and prompt; `verb` goes into the log."""
        self.version += 1
        self.updated_at = at or now()
        self.thread.touched()
        record(
            verb,
            by=by,
            public=True,
            prompt=self.thread.prompt_id,
            thread=self.thread_id,
            post=self.id,
            subject=self.author_id,
            **more,
        )


class Revision(db.Model):  # type: ignore[name-defined,misc]
    """A post's words before an edit; an opening post's title with them."""

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    source: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(String(200))
    written_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "post_id", "id"),)

    @classmethod
    def of(cls, post: Post) -> Select[Revision]:
        return select(cls).where(cls.post_id == post.id).order_by(cls.id)


class MovedPost(db.Model):  # type: ignore[name-defined,misc]
    """The place that a post had before it was split off, or its thread merged: what stood there leads on to it."""

    __tablename__ = "moved_posts"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(default=_as_numbered, server_default="0")
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))

    __table_args__ = (Index(None, "thread_id", "position"), Index(None, "post_id"))


# The statements of every post, made once.
PROMPTS: Any = Prompt.__table__
TOUCHED = (
    update(PROMPTS)
    .where(PROMPTS.c.id.in_(bindparam("prompts", expanding=True)))
    .values(version=PROMPTS.c.version + 1, changed_at=bindparam("at"))
)
CARRIED: Any = ThreadComponent.__table__
POSTED_IN = (
    update(CARRIED).where(CARRIED.c.thread_id == bindparam("thread")).values(last_post_at=bindparam("at"))
)
PLACED = update(CARRIED).where(CARRIED.c.thread_id == bindparam("thread")).values(place=bindparam("at"))
SAID = (
    select(Post)
    .where(Post.author_id == bindparam("author"))
    .options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
)
SUBMITTED = SAID.where(Post.submission == bindparam("submission"))
LAST_SAID = SAID.order_by(Post.id.desc()).limit(1)


def listed() -> ColumnElement[bool]:
    """Published and not hidden, in the words of the partial indexes, so that both databases can use them."""
    return and_(
        literal_column("threads.publication") == literal_column("'published'"),
        literal_column("threads.moderation") == literal_column("'clear'"),
    )


def why_not(user: Person) -> str:
    """Why `user` may not take part."""
    if user.is_suspended:
        return "You are suspended: you cannot take part for now."
    return "Confirm your email address before you publish."


def slug_of(title: str) -> str:
    """A readable piece of URL from a title; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "thread"


@described.connect
def _show_anew(user: User, role: bool) -> None:
    """A byline has changed: every page that shows it is a new one at once. Threads first, then prompts. Where only
    a name or school changed, role-only posts stay untouched: a common date would tell who wrote them."""
    at = now()
    theirs = select(Post.thread_id).where(Post.author_id == user.id)
    if not role:
        theirs = theirs.where(Post.disclosure == "named")
    held = db.session.scalars(
        select(Thread.id).where(Thread.id.in_(theirs)).order_by(Thread.id).with_for_update()
    ).all()
    for start in range(0, len(held), 500):
        db.session.execute(
            update(Thread)
            .where(Thread.id.in_(held[start : start + 500]))
            .values(version=Thread.version + 1, changed_at=at)
        )
    db.session.execute(
        update(Thread)
        .where(Thread.author_id == user.id)
        .values(author_position=user.position, author_phase=user.phase)
    )
    db.session.execute(update(Prompt).values(version=Prompt.version + 1, changed_at=at))
