"""Which entries a feed has. There are two streams, never mixed: threads, and posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import SQLColumnExpression, and_, bindparam, func, literal_column, not_, select
from sqlalchemy.orm import aliased

from forum.activity.models import Activity
from forum.case_studies.models import CaseStudy
from forum.core.db import db
from forum.core.markup import render
from forum.discussion.models import Component, Post, Thread, ThreadComponent, listed
from forum.discussion.models.lists import components_of
from forum.discussion.models.words import GONE, Moderation, Publication
from forum.feeds.archives import LARGEST, WINDOW, Block, Stream
from forum.feeds.entries import Deleted, Entry, Reference
from forum.feeds.rows import ONCE_PUBLIC, PUBLIC, Condition, Item, Place, Places, Row, places, rows

REMOVED = 50
LOOKED_THROUGH = 500  # removals of the whole site, from which a feed picks its own
REACH = 5_000  # places that a component's posts are searched through at once

MERGED = select(Thread.id, Thread.gone_at).where(
    Thread.id.in_(bindparam("ids", expanding=True)), Thread.merged_into.is_not(None)
)
SHOWN = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)


class Posts(Stream):
    """Every post is an entry."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Post.place

    def shown(self) -> Places:
        return self.ever().where(*SHOWN)

    def ever(self) -> Places:
        query: Places = select(self.position.label("position"), Post.id, Post.published_at)
        return query.where(*ONCE_PUBLIC, *self.where)

    def end(self) -> int:
        return db.session.scalar(select(func.max(Post.place))) or 0

    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        found = rows(Post.id.in_(ids))
        components = components_of(list({row.post.thread_id for row in found}))
        items, deleted = [], []
        for row in found:
            why = row.post.gone_because or row.gone_because
            if why is None:
                items.append((self._item(row, components.get(row.post.thread_id, [])), row.post.id))
            else:
                when = (row.post.gone_at if row.post.gone_because else row.gone_at) or row.post.updated_at
                deleted.append(self._tombstone(row.post.id, when, why))
        return items, deleted

    def removed(self, since: datetime) -> list[int]:
        lately = select(Post.id).where(Post.gone_at >= since).order_by(Post.gone_at.desc())
        gone = self.ever().where(Post.id.in_(lately.limit(LOOKED_THROUGH))).order_by(Post.gone_at.desc())
        found = places(gone.limit(REMOVED))
        if hidden := hidden_threads(since):
            theirs = self.ever().join(Thread, Thread.id == Post.thread_id).where(Thread.id.in_(hidden))
            theirs = theirs.where(Post.position > Thread.posts_count - REMOVED).order_by(Post.place.desc())
            found += places(theirs.limit(REMOVED))
        return [place.id for place in found[:REMOVED]]

    def _tombstone(self, id: int, when: datetime, why: str) -> Deleted:
        return Deleted(id=self.names.tag("post", id), when=when, reason=None if self.personal else why)

    def _item(self, row: Row, components: Iterable[Component]) -> Item:
        post, names = row.post, self.names
        answered = None
        if row.answered is not None:
            answered = Reference(names.tag("post", row.answered), names.address(row.place_answered))
        entry = Entry(
            id=names.tag("post", post.id),
            title=row.title if post.number == 1 else f"Re: {row.title}",
            url=names.address(row.place),
            published=post.published_at,
            updated=post.updated_at,
            author=post.byline,
            author_url=names.address(post.author_url) if post.author_url else None,
            html="",
            categories=row.categories(names, components),
            in_reply_to=answered,
        )
        return Item(entry, post.version, post.html)


class ThreadPosts(Posts):
    """The posts of one thread, by their numbers."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Post.number

    def end(self) -> int:
        return db.session.scalar(select(func.max(Post.number)).where(*self.where)) or 0


@dataclass(frozen=True, kw_only=True)
class ComponentPosts(Posts):
    """The posts of all threads that carry a component. No index has them in order, so no more than REACH places
    are looked through at once: where they hold none, an empty archive page leads on."""

    component: int
    has_gaps = True

    def window(self) -> tuple[list[Place], int]:
        end, size = self.end(), min(self.sizes)
        first = Block.around(max(1, end - REACH), size).first
        found = self._between(first, end, LARGEST + 1)
        whole = first == 1 and len(found) <= LARGEST
        if len(found) < WINDOW and not whole:
            found = self._latest()
            whole = len(found) < WINDOW
            if not whole:
                last = found[-1].position
                found += self._between(Block.around(last, size).first, last - 1, size)
        return self.cut(found, whole)

    def below(self, position: int) -> int | None:
        found = self._between(position - REACH, position - 1, 1)
        return found[0].position if found else position - REACH if position > REACH else None

    def above(self, position: int, end: int) -> int | None:
        query = self.shown().where(Post.place.between(position + 1, position + REACH)).order_by(Post.place)
        found = places(query.limit(1))
        return found[0].position if found else position + REACH if position + REACH < end else None

    def _between(self, first: int, last: int, limit: int) -> list[Place]:
        query = self.shown().where(Post.place.between(first, last))
        return places(query.order_by(Post.place.desc()).limit(limit))

    def _latest(self) -> list[Place]:
        """The newest WINDOW posts: they are among the newest of the threads that were posted in last."""
        threads = (
            select(ThreadComponent.thread_id, Thread.posts_count)
            .join(Thread, Thread.id == ThreadComponent.thread_id)
            .where(ThreadComponent.component_id == self.component, Thread.merged_into.is_(None))
            .order_by(ThreadComponent.last_post_at.desc())
            .limit(WINDOW)
            .subquery()
        )
        query = self.ever().join(threads, threads.c.thread_id == Post.thread_id)
        query = query.where(Post.position > threads.c.posts_count - WINDOW)
        return places(query.order_by(Post.place.desc()).limit(WINDOW))


class Threads(Stream):
    """A thread is an entry, made of its opening post; a reply does not touch it."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Thread.place

    def shown(self) -> Places:
        return self.every().where(listed())

    def ever(self) -> Places:
        return self.every().where(
            self.position.is_not(None), Thread.publication.in_((*PUBLIC, Publication.MERGED))
        )

    def every(self) -> Places:
        return select(self.position.label("position"), Thread.id, Thread.created_at).where(*self.where)

    def end(self) -> int:
        return db.session.scalar(select(func.max(Thread.place))) or 0

    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        found = rows(and_(Post.thread_id.in_(ids), Post.number == 1))
        components = components_of([row.post.thread_id for row in found])
        items, deleted = [], []
        for row in found:
            id, why = row.post.thread_id, row.gone_because
            if self.stands(row):
                items.append((self._item(row, components.get(id, [])), id))
            else:
                when = row.gone_at or row.post.gone_at or row.post.updated_at
                deleted.append(self._tombstone(id, when, why))
        if len(found) < len(ids):
            deleted += [self._tombstone(*row) for row in db.session.execute(MERGED, {"ids": list(ids)})]
        return items, deleted

    def stands(self, row: Row) -> bool:
        """Is it still an entry? One that has lost its opening post is, unless it was told as somebody's."""
        return row.gone_because is None and not (self.personal and row.post.gone_because)

    @property
    def gone(self) -> Condition:
        return not_(listed())

    def _tombstone(self, id: int, when: Any, why: str | None = None) -> Deleted:
        why = why or GONE[Publication.MERGED]
        return Deleted(id=self.names.tag("thread", id), when=when, reason=None if self.personal else why)

    def removed(self, since: datetime) -> list[int]:
        lately = select(Post.thread_id, Post.number).where(Post.gone_at >= since)
        posts = lately.order_by(Post.gone_at.desc()).limit(LOOKED_THROUGH).subquery()
        withdrawn = select(posts.c.thread_id).where(posts.c.number == 1)
        gone = self.gone
        found = places(self.ever().where(Thread.id.in_(withdrawn), gone).limit(REMOVED))
        if away := [*hidden_threads(since), *merged_threads(since)]:
            found += places(self.ever().where(Thread.id.in_(away), gone).limit(REMOVED))
        return list(dict.fromkeys(place.id for place in found))[:REMOVED]

    def _item(self, row: Row, components: Iterable[Component]) -> Item:
        """A thread that has lost its opening post still stands, as on its page: without its words."""
        post, names = row.post, self.names
        gone = post.gone_because
        entry = Entry(
            id=names.tag("thread", post.thread_id),
            title=row.title,
            url=names.address(row.url),
            published=row.created_at,
            updated=max(post.updated_at, row.created_at),
            author=post.byline,
            author_url=names.address(post.author_url) if post.author_url else None,
            html="",
            categories=row.categories(names, components),
            replies=row.posts_count - 1,
            replies_feed=names.address(f"/threads/{post.thread_id}/feed.atom"),
        )
        return Item(entry, post.version, post.html if gone is None else render(gone))


class ComponentThreads(Threads):
    """The threads that carry a component, along its own index."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return ThreadComponent.place

    def every(self) -> Places:
        return super().every().join(Thread, Thread.id == ThreadComponent.thread_id)


class CaseStudies(Threads):
    """The studies of a view of the library, along its own index. One without its words is none."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return CaseStudy.place

    def every(self) -> Places:
        return super().every().join(Thread, Thread.id == CaseStudy.thread_id)

    def shown(self) -> Places:
        return self.every().where(CaseStudy.listed)  # then its thread is, too

    def stands(self, row: Row) -> bool:
        return row.gone_because is None and row.post.gone_because is None

    @property
    def gone(self) -> Condition:
        return not_(CaseStudy.listed)


# What narrows a stream


def carried_by_its_thread(component: int) -> Condition:
    """Of a post. As a scalar query, so that it is looked up for each post and nothing is gathered first."""
    found = (
        select(literal_column("1"))
        .where(ThreadComponent.thread_id == Post.thread_id, ThreadComponent.component_id == component)
        .correlate(Post)
        .scalar_subquery()
    )
    return found == literal_column("1")


def opened_by_name() -> Condition:
    """Of a thread: its opening post shows its author's name."""
    opening = aliased(Post, name="first_post")
    found = select(opening.disclosure).where(opening.thread_id == Thread.id, opening.number == 1)
    return found.correlate(Thread).scalar_subquery() == literal_column("'named'")


def hidden_threads(since: datetime) -> list[int]:
    """The threads that the team has lately hidden, and not restored since."""
    return _lately("team.thread-hidden", since, Thread.moderation != Moderation.CLEAR)


def merged_threads(since: datetime) -> list[int]:
    """The threads that the team has lately merged into others."""
    return _lately("team.thread-merged", since, Thread.merged_into.is_not(None))


def _lately(verb: str, since: datetime, still: Condition) -> list[int]:
    lately = select(Activity.thread, Activity.at).where(Activity.verb == verb)
    newest = lately.order_by(Activity.id.desc()).limit(REMOVED).subquery()
    found = select(Thread.id).join(newest, newest.c.thread == Thread.id)
    return list(dict.fromkeys(db.session.scalars(found.where(newest.c.at >= since, still))))
