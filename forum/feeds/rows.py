"""What a feed is made of: rows with all that an entry says, their places in a stream, and names that last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, and_, func
from sqlalchemy.orm import aliased

from forum.core.db import db
from forum.core.markup import absolute, extract
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.lists import POSTS, PostRow, post_row
from forum.discussion.models.order import anchor
from forum.discussion.models.words import KINDS, Kind, Publication, gone_because
from forum.feeds.entries import Category, Entry, tag_uri

Condition = ColumnElement[bool]
Places = Select[int, int, datetime]
PUBLIC = (Publication.PUBLISHED, Publication.WITHDRAWN)  # what anyone may once have read
ONCE_PUBLIC = (Post.place.is_not(None), Post.publication.in_(PUBLIC))

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
        ANSWERED.position,
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
    .order_by(Post.place.desc())
)
OF_A_POST = len(POSTS.selected_columns)


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


@dataclass(frozen=True, slots=True)
class Item:
    """An entry before the work on its words. `entry`, which has none, and `version` name its bytes."""

    entry: Entry
    version: int
    html: Markup

    def whole(self, site_url: str) -> Entry:
        return replace(self.entry, html=str(absolute(self.html, site_url)), summary=extract(self.html))


class Place(NamedTuple):
    """Where something stands in a stream."""

    position: int
    id: int
    published: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A post with what its entry says of its thread. `answered` is the id of the post it answers, and
    `answered_place` its position."""

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
    answered_place: int | None

    @property
    def gone_because(self) -> str | None:
        """Why its thread is not there."""
        return gone_because(self.publication, self.moderation, self.reason)

    @property
    def url(self) -> str:
        return f"/threads/{self.post.thread_id}-{self.slug}"

    @property
    def place(self) -> str:
        """The page and place of the post."""
        return self._place(self.post.id, self.post.number, self.post.position)

    @property
    def place_answered(self) -> str:
        """The page and place of the post that it answers."""
        number = self.post.in_reply_to or 1
        return self._place(self.answered or 0, number, self.answered_place or number)

    def _place(self, id: int, number: int, position: int) -> str:
        """Where threads were merged a page may change again, and the post's own address does not."""
        return anchor(self.url, number, position) if number == position else f"/posts/{id}"

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
