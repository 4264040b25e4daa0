"""Which entries a feed has. There are two streams, never mixed: threads, and posts.

A stream is read along one index, and everything in it has a position there: in a thread's own feed a post's
number, elsewhere the id. Archive pages (RFC 5005 §4) are fixed blocks of positions. The subscription document
begins where a block begins, so that all before it stands in blocks that are complete: a reader who has seen
one need never fetch it again.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, literal_column, not_, select
from sqlalchemy.orm import aliased

from forum.activity.models import Activity
from forum.core.db import db, now
from forum.core.markup import absolute, extract, render
from forum.core.paging import page_of
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent, listed
from forum.discussion.models.lists import POSTS, PostRow, components_of, post_row
from forum.discussion.models.words import KINDS, Kind, Moderation, Publication, gone_because
from forum.feeds.entries import Category, Deleted, Entry, Reference, tag_uri

WINDOW = 50
LARGEST = 200
LARGEST_ARCHIVE = 500
RECENT = timedelta(days=7)
REMOVED_SINCE = timedelta(days=30)
REMOVED = 50
LOOKED_THROUGH = 500  # removals of the whole site, from which a feed picks its own
REACH = 5_000  # ids that a component's posts are searched through at once

# How many positions an archive page covers. The smallest must leave room for WINDOW in LARGEST; a larger one
# is used where it holds no more than LARGEST.
BLOCKS: dict[str, tuple[int, ...]] = {
    "thread posts": (50,),
    "site posts": (100,),
    "prompt posts": (100, 500),
    "component posts": (100, 500),
    "person posts": (100, 5_000),
    "site threads": (50,),
    "prompt threads": (50, 200),
    "component threads": (50, 200),
    "person threads": (50, 2_000),
}

Condition = ColumnElement[bool]
Places = Select[int, int, datetime]
PUBLIC = (Publication.PUBLISHED, Publication.WITHDRAWN)  # what anyone may once have read
ONCE_PUBLIC = (Post.number.is_not(None), Post.publication.in_(PUBLIC))
SHOWN = (Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR)


class Place(NamedTuple):
    """Where something stands in a stream."""

    position: int
    id: int
    published: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """The positions of one archive page, both ends included."""

    first: int
    last: int

    @classmethod
    def around(cls, position: int, size: int) -> Block:
        first = (position - 1) // size * size + 1
        return cls(first, first + size - 1)

    @classmethod
    def named(cls, name: str) -> Block | None:
        """The block that a URL names, "101-200"."""
        found = re.fullmatch(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})", name, re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def name(self) -> str:
        return f"{self.first}-{self.last}"

    def complete(self, end: int) -> bool:
        """Nothing is added to it any more; the margin is for what is being written at this moment."""
        return end >= self.last + WINDOW


@dataclass(frozen=True, slots=True)
class Item:
    """An entry before the work on its words. `entry`, which has none, and `version` name its bytes."""

    entry: Entry
    version: int
    html: Markup

    def whole(self, site_url: str) -> Entry:
        return replace(self.entry, html=str(absolute(self.html, site_url)), summary=extract(self.html))


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a stream, newest first."""

    items: Sequence[Item]
    deleted: Sequence[Deleted]
    block: Block | None = None
    previous: Block | None = None
    next: Block | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The site's address, and its names for things. The owner of a tag is a host, or made from one that is no
    domain name (RFC 4151 §2.1)."""

    site_url: str
    host: str
    started: str

    def tag(self, kind: str, id: int | str) -> str:
        host = self.host if self.host.isascii() else self.host.encode("idna").decode()
        owner = re.sub(r"[^a-z0-9.-]+", "-", host.lower()).strip("-.")
        return tag_uri(owner or "localhost", self.started, kind, id)

    def address(self, path: str) -> str:
        return self.site_url + path


@dataclass(frozen=True, kw_only=True)
class Stream(ABC):
    """One feed: `where` narrows it, `path` is its address without the format, `page` the page it follows.

    `personal` is a person's own: its tombstones do not say why, because the thread, which says why, does not
    say who."""

    names: Names
    title: str
    path: str
    page: str
    sizes: tuple[int, ...]
    where: tuple[Condition, ...] = ()
    personal: bool = False

    # Its documents

    def subscription(self) -> Part:
        """The newest: WINDOW entries or those of RECENT, and what was removed lately, however old."""
        places, first = self.window()
        ids = {place.id for place in places}
        items, deleted = self.entries([*ids.union(self.removed(now() - REMOVED_SINCE))])
        end = self.end() if first > 1 else 0
        return Part([item for item, id in items if id in ids], deleted, previous=self._before(first, end))

    def archive(self, block: Block) -> Part | None:
        """An archive page; None where there is none at `block`."""
        size, end = block.last - block.first + 1, self.end()
        if size not in self.sizes or block != Block.around(block.first, size) or not block.complete(end):
            return None
        places = self.within(block, LARGEST_ARCHIVE + 1)
        if len(places) > LARGEST_ARCHIVE or not (places or self.has_gaps):
            return None
        items, deleted = self.entries([place.id for place in places])
        later = self.above(block.last, end)
        following = None if later is None else self._block(later, end)
        return Part(
            [item for item, _ in items],
            deleted,
            block,
            self._before(block.first, end),
            following if following and following.complete(end) else None,
        )

    def window(self) -> tuple[list[Place], int]:
        """What the subscription document shows, and the position at which it begins."""
        places = self.newest(LARGEST + 1)
        return self.cut(places, whole=len(places) <= LARGEST)

    def cut(self, places: list[Place], whole: bool) -> tuple[list[Place], int]:
        """`places`, newest first, down to the beginning of a block. `whole` says that there are no others."""
        since = now() - RECENT
        wanted = min(LARGEST, max(WINDOW, sum(place.published >= since for place in places)))
        if whole and len(places) <= wanted:
            return places, 1
        size = min(self.sizes)
        first = Block.around(places[min(wanted, len(places)) - 1].position, size).first
        if len(places) > LARGEST and places[LARGEST].position >= first:
            first = Block.around(places[LARGEST].position, size).last + 1
        return [place for place in places if place.position >= first], first

    def _before(self, position: int, end: int) -> Block | None:
        earlier = self.below(position) if position > 1 else None
        return None if earlier is None else self._block(earlier, end)

    def _block(self, position: int, end: int) -> Block:
        """The largest complete block around `position` that holds no more than LARGEST."""
        for size in sorted(self.sizes, reverse=True)[:-1]:
            block = Block.around(position, size)
            if block.complete(end) and len(self.within(block, LARGEST + 1)) <= LARGEST:
                return block
        return Block.around(position, min(self.sizes))

    # Its index

    has_gaps = False  # True where an archive page may be empty, as a stepping stone

    @property
    @abstractmethod
    def position(self) -> SQLColumnExpression[Any]: ...

    @abstractmethod
    def shown(self) -> Places:
        """The places of what anyone may read."""

    @abstractmethod
    def ever(self) -> Places:
        """The places of what anyone may read or might once have read."""

    @abstractmethod
    def end(self) -> int:
        """The newest position that is taken, here or elsewhere on the site."""

    def newest(self, limit: int) -> list[Place]:
        return places(self.shown().order_by(self.position.desc()).limit(limit))

    def below(self, position: int) -> int | None:
        query = self.shown().where(self.position < position).order_by(self.position.desc())
        return next((place.position for place in places(query.limit(1))), None)

    def above(self, position: int, end: int) -> int | None:
        query = self.shown().where(self.position > position).order_by(self.position)
        return next((place.position for place in places(query.limit(1))), None)

    def within(self, block: Block, limit: int) -> list[Place]:
        query = self.ever().where(self.position.between(block.first, block.last))
        return places(query.order_by(self.position.desc()).limit(limit))

    # Its entries

    @abstractmethod
    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        """What stands in the feed for these ids, newest first, each with its id; and tombstones."""

    @abstractmethod
    def removed(self, since: datetime) -> list[int]:
        """What was taken out of the stream since then, the newest removals first."""


class Posts(Stream):
    """Every post is an entry."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Post.id

    def shown(self) -> Places:
        return self.ever().where(*SHOWN)

    def ever(self) -> Places:
        query: Places = select(self.position.label("position"), Post.id, Post.published_at)
        return query.where(*ONCE_PUBLIC, *self.where)

    def end(self) -> int:
        return db.session.scalar(select(func.max(Post.id))) or 0

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
            theirs = theirs.where(Post.number > Thread.posts_count - REMOVED).order_by(Post.id.desc())
            found += places(theirs.limit(REMOVED))
        return [place.id for place in found[:REMOVED]]

    def _tombstone(self, id: int, when: datetime, why: str) -> Deleted:
        return Deleted(id=self.names.tag("post", id), when=when, reason=None if self.personal else why)

    def _item(self, row: Row, components: Iterable[Component]) -> Item:
        post, names = row.post, self.names
        answered = None
        if row.answered is not None:
            answered = Reference(
                names.tag("post", row.answered), names.address(row.place(post.in_reply_to or 1))
            )
        entry = Entry(
            id=names.tag("post", post.id),
            title=row.title if post.number == 1 else f"Re: {row.title}",
            url=names.address(row.place(post.number)),
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
    """The posts of all threads that carry a component. No index has them in order, so no more than REACH ids
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
        query = self.shown().where(Post.id.between(position + 1, position + REACH)).order_by(Post.id)
        found = places(query.limit(1))
        return found[0].position if found else position + REACH if position + REACH < end else None

    def _between(self, first: int, last: int, limit: int) -> list[Place]:
        query = self.shown().where(Post.id.between(first, last))
        return places(query.order_by(Post.id.desc()).limit(limit))

    def _latest(self) -> list[Place]:
        """The newest WINDOW posts: they are among the newest of the threads that were posted in last."""
        threads = (
            select(ThreadComponent.thread_id, Thread.posts_count)
            .join(Thread, Thread.id == ThreadComponent.thread_id)
            .where(ThreadComponent.component_id == self.component)
            .order_by(ThreadComponent.last_post_at.desc())
            .limit(WINDOW)
            .subquery()
        )
        query = self.ever().join(threads, threads.c.thread_id == Post.thread_id)
        query = query.where(Post.number > threads.c.posts_count - WINDOW)
        return places(query.order_by(Post.id.desc()).limit(WINDOW))


class Threads(Stream):
    """A thread is an entry, made of its opening post; a reply does not touch it."""

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return Thread.id

    def shown(self) -> Places:
        return self.every().where(listed())

    def ever(self) -> Places:
        return self.every().where(Thread.publication.in_(PUBLIC))

    def every(self) -> Places:
        return select(Thread.id.label("position"), Thread.id, Thread.created_at).where(*self.where)

    def end(self) -> int:
        return db.session.scalar(select(func.max(Thread.id))) or 0

    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        found = rows(and_(Post.thread_id.in_(ids), Post.number == 1))
        components = components_of([row.post.thread_id for row in found])
        items, deleted = [], []
        for row in found:
            id, why = row.post.thread_id, row.gone_because
            if why is None and not (self.personal and row.post.gone_because):
                items.append((self._item(row, components.get(id, [])), id))
            else:
                when = row.gone_at or row.post.gone_at or row.post.updated_at
                name = self.names.tag("thread", id)
                deleted.append(Deleted(id=name, when=when, reason=None if self.personal else why))
        return items, deleted

    def removed(self, since: datetime) -> list[int]:
        lately = select(Post.thread_id, Post.number).where(Post.gone_at >= since)
        posts = lately.order_by(Post.gone_at.desc()).limit(LOOKED_THROUGH).subquery()
        withdrawn = select(posts.c.thread_id).where(posts.c.number == 1)
        gone = not_(listed())
        found = places(self.ever().where(Thread.id.in_(withdrawn), gone).limit(REMOVED))
        if hidden := hidden_threads(since):
            found += places(self.ever().where(Thread.id.in_(hidden), gone).limit(REMOVED))
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
        return ThreadComponent.thread_id

    def every(self) -> Places:
        query = select(ThreadComponent.thread_id.label("position"), Thread.id, Thread.created_at)
        return query.join(Thread, Thread.id == ThreadComponent.thread_id).where(*self.where)


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
    lately = select(Activity.thread, Activity.at).where(Activity.verb == "team.thread-hidden")
    newest = lately.order_by(Activity.id.desc()).limit(REMOVED).subquery()
    still = select(Thread.id).join(newest, newest.c.thread == Thread.id)
    still = still.where(newest.c.at >= since, Thread.moderation != Moderation.CLEAR)
    return list(dict.fromkeys(db.session.scalars(still)))


# Rows


ANSWERED = aliased(Post, name="answered")
ROWS = (
    POSTS.add_columns(
        Thread.title,
        Thread.slug,
        Thread.kind,
        Thread.created_at,
        Thread.publication,
        Thread.moderation,
        Thread.gone_at,
        Thread.gone_reason,
        Thread.posts_count,
        Prompt.slug,
        Prompt.title,
        ANSWERED.id,
    )
    .join(Thread, Thread.id == Post.thread_id)
    .join(Prompt, Prompt.id == Thread.prompt_id)
    .outerjoin(
        ANSWERED,
        and_(
            ANSWERED.thread_id == Post.thread_id,
            ANSWERED.number == func.coalesce(Post.in_reply_to, 1),
            ANSWERED.id != Post.id,
        ),
    )
    .where(*ONCE_PUBLIC, Thread.publication.in_(PUBLIC))
    .order_by(Post.id.desc())
)
OF_A_POST = len(POSTS.selected_columns)


@dataclass(frozen=True, slots=True)
class Row:
    """A post with what its entry says of its thread. `answered` is the id of the post it answers."""

    post: PostRow
    title: str
    slug: str
    kind: str
    created_at: datetime
    publication: str
    moderation: str
    gone_at: datetime | None
    reason: str | None
    posts_count: int
    prompt: str
    prompt_title: str
    answered: int | None

    @property
    def gone_because(self) -> str | None:
        """Why its thread is not there."""
        return gone_because(self.publication, self.moderation, self.reason)

    @property
    def url(self) -> str:
        return f"/threads/{self.post.thread_id}-{self.slug}"

    def place(self, number: int) -> str:
        """The page and place of the thread's post `number`."""
        page = page_of(number)
        return self.url + (f"?page={page}" if page > 1 else "") + f"#post-{number}"

    def categories(self, names: Names, components: Iterable[Component]) -> tuple[Category, ...]:
        return (
            Category(names.address("/prompts"), self.prompt, self.prompt_title),
            *(Category(names.address("/components"), each.slug, each.name) for each in components),
            Category(names.address("/kinds"), self.kind, KINDS[Kind(self.kind)]),
        )


def rows(which: Condition) -> list[Row]:
    """The newest first."""
    found = db.session.execute(ROWS.where(which))
    return [Row(post_row(row[:OF_A_POST]), *row[OF_A_POST:]) for row in found]


def places(query: Places) -> list[Place]:
    return [Place(*row) for row in db.session.execute(query)]
