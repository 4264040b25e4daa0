"""Pages of threads as they are shown: posts as HTML, rendered once for each version and shared by all viewers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NoReturn
from urllib.parse import urlencode

from flask import Flask, abort, current_app, redirect, request
from markupsafe import Markup
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from forum.core.db import db, first_or_404
from forum.core.freshness import versions
from forum.core.guards import me
from forum.core.markup import extract
from forum.core.paging import PER_PAGE, asked_page, pages_of
from forum.core.porch import Kept
from forum.discussion import related
from forum.discussion.beside import Beside, beside
from forum.discussion.models import Component, Thread, listed
from forum.discussion.models.lists import (
    PostRow,
    begun_by,
    components_of,
    places_left,
    posts_of_page,
    stood_here,
)
from forum.discussion.models.merging import address, goes_on_at, gone_on_in
from forum.discussion.models.words import SPLIT_OFF
from forum.discussion.related import Neighbour, neighbours, page_version

SIZE = 6 * 1024 * 1024
WEIGHT = 60_000  # of a page of twenty posts with what is rendered of it, in bytes
PUBLIC = select(Thread).where(listed(), Thread.id == bindparam("id")).options(joinedload(Thread.prompt))


@dataclass(frozen=True, slots=True)
class Leaf:
    """Page `number` of a thread at one version, the same for every viewer; each post with its fragment. `elsewhere`
    are the number and id of those that a merge has taken from this page to another. `pages` holds what readers share
    of it, see shared.py."""

    thread: Thread
    number: int
    components: list[Component]
    description: str
    posts: list[tuple[PostRow, Markup]]
    beside: Beside | None = None
    related: list[Neighbour] = field(default_factory=list)
    elsewhere: list[tuple[int, int]] = field(default_factory=list)
    pages: dict[Any, Any] = field(default_factory=dict)

    @property
    def authors(self) -> set[int]:
        return {row.author_id for row, _ in self.posts}

    @property
    def is_numbered(self) -> bool:
        """Do the posts stand in the order of their numbers?"""
        numbers = [row.number for row, _ in self.posts]
        return numbers == sorted(numbers)

    @property
    def address(self) -> str:
        return f"/threads/{self.thread.id}-{self.thread.slug}"


def leaf(id: int, number: int) -> Leaf:
    """The page as kept, or read now; a 404 where the viewer may not see the thread, or it has no such page."""
    kept: Kept[Leaf] = current_app.extensions["leaves"]
    key = (id, number, versions().read(page_version(id)))
    found = kept.get(key)
    if found is None:
        thread = db.session.scalars(PUBLIC, {"id": id}).first() or thread_for_viewer(id)
        if number > pages_of(thread.posts_count):
            abort(404)
        found = read_leaf(thread, number)
        if thread.is_listed:
            db.session.expunge_all()
            kept.put(key, found, WEIGHT)
    return found


def thread_for_viewer(id: int) -> Thread:
    """The thread as one that the viewer may see, to change it or because it is not for everyone. A merged one
    leads to where it goes on."""
    seen = Thread.visible_to(me()).where(Thread.id == id).options(joinedload(Thread.prompt))
    return db.session.scalars(seen).first() or _gone_on(id)


def _gone_on(id: int) -> NoReturn:
    into = first_or_404(gone_on_in(id, me()))
    kept = {name: value for name, value in request.args.items() if name != "page"}
    at = address(into) if kept else goes_on_at(id, into, asked_page(request.args.get("page")) or 1)
    abort(redirect(at + (f"?{urlencode(kept)}" if kept else ""), 301))


def read_leaf(thread: Thread, number: int) -> Leaf:
    rows = posts_of_page(thread.id, number)
    if len(rows) < min(PER_PAGE, thread.posts_count - (number - 1) * PER_PAGE):
        rows = sorted([*rows, *places_left(thread.id, number)], key=lambda row: row.position)
    merged = any(row.number != row.position for row in rows)
    if merged:
        begun = begun_by(thread.id, [row.id for row in rows])
        rows = [replace(row, began=begun.get(row.id, "")) for row in rows]
    record = beside(thread)
    made = Leaf(
        thread,
        number,
        components_of([thread.id]).get(thread.id, []),
        extract(rows[0].html, 160) if rows else "",
        [],
        record,
        neighbours(thread.id) if thread.is_listed else [],
        stood_here(thread.id, number) if merged else [],
    )
    made.posts.extend((row, _shown(row, made.address, record)) for row in rows)
    return made


def _shown(row: PostRow, thread_url: str, record: Beside | None) -> Markup:
    if row.number == 1 and record and record.body and not row.gone_because:
        row = replace(row, html=record.body)
    elif not row.began:
        return _fragment(row, thread_url)
    return _rendered(row, thread_url)  # kept with the leaf


def _fragment(row: PostRow, thread_url: str) -> Markup:
    """The HTML of one post, its article still open for the viewer's own actions."""
    kept: Kept[Markup] = current_app.extensions["fragments"]
    standing = (thread_url, row.number, row.in_reply_to, row.answered_on)
    key = (row.id, row.version, row.author_version, *standing)
    found = kept.get(key)
    if found is None:
        found = _rendered(row, thread_url)
        kept.put(key, found, 2 * len(found) + 300)
    return found


def _rendered(row: PostRow, thread_url: str) -> Markup:
    macros: Any = current_app.jinja_env.get_template("components/post.html").module
    macro = macros.split_off if row.gone_because == SPLIT_OFF else macros.tombstone
    found: Markup = macro(row) if row.gone_because else macros.post(row, thread_url)
    return found


def init_app(app: Flask) -> None:
    app.extensions["fragments"] = Kept[Markup](SIZE)
    app.extensions["leaves"] = Kept[Leaf](SIZE)
    related.init_app(app)
