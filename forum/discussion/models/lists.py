"""What pages and feeds list: rows selected as they are shown, each list an index range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, select, union_all
from sqlalchemy.orm import aliased

from forum.accounts.models import User, byline
from forum.core.db import db
from forum.core.freshness import Rests
from forum.core.paging import PER_PAGE, page_of
from forum.discussion.models import Component, Post, Prompt, Thread, ThreadComponent, listed
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.threads import MovedPost
from forum.discussion.models.words import SPLIT_OFF, Moderation, Publication, gone_because

LAST_PAGE = 500
SORTS = {"latest": "Latest reply", "newest": "Newest thread", "unanswered": "Not yet answered"}


def thread_version(id: int, **_: object) -> Rests:
    """A thread's page and feeds."""
    return Rests(
        "SELECT t.version, c.version, CASE WHEN t.changed_at > c.changed_at THEN t.changed_at ELSE c.changed_at END"
        " FROM threads t, conversation c WHERE t.id = {}",
        (id,),
    )


def post_version(id: int, **_: object) -> Rests:
    """A page about one post."""
    return Rests(
        "SELECT t.version, c.version, CASE WHEN t.changed_at > c.changed_at THEN t.changed_at ELSE c.changed_at END"
        " FROM posts p JOIN threads t ON t.id = p.thread_id, conversation c WHERE p.id = {}",
        (id,),
    )


def prompt_version(slug: str, **_: object) -> Rests:
    """A prompt's page and feeds. A slug that is none is a 404 here already."""
    prompt = catalogue().prompt(slug) or abort(404)
    return Rests(
        "SELECT p.version, c.version, CASE WHEN p.changed_at > c.changed_at THEN p.changed_at ELSE c.changed_at END"
        " FROM prompts p, conversation c WHERE p.id = {}",
        (prompt.id,),
    )


def site_version(**_: object) -> Rests:
    """Whatever shows something of every prompt: home, components, people, the site's feeds."""
    return Rests(
        "SELECT CAST(sum(version) AS INTEGER), max(changed_at) FROM (SELECT version, changed_at FROM prompts"
        " UNION ALL SELECT version, changed_at FROM conversation) AS everything"
    )


def person_version(id: int, **_: object) -> Rests:
    """A person's page and feeds."""
    return Rests(
        "SELECT u.version, CAST(sum(e.version) AS INTEGER), max(e.changed_at) FROM users u,"
        " (SELECT version, changed_at FROM prompts UNION ALL SELECT version, changed_at FROM conversation) AS e"
        " WHERE u.id = {} GROUP BY u.version",
        (id,),
    )


@dataclass(slots=True)
class ThreadRow:
    """A thread as a list shows it."""

    id: int
    title: str
    url: str
    kind: str
    prompt: str
    prompt_slug: str
    byline: str
    posts_count: int
    created_at: datetime
    last_post_at: datetime
    pinned: bool
    locked: bool
    hidden: bool
    components: list[str]


OPENING = aliased(Post, name="opening")
THREADS = (
    select(
        Thread.id,
        Thread.title,
        Thread.slug,
        Thread.kind,
        Thread.posts_count,
        Thread.created_at,
        Thread.last_post_at,
        Thread.pinned,
        Thread.locked,
        Thread.moderation,
        Prompt.title,
        Prompt.slug,
        User.name,
        User.position,
        User.phase,
        User.school,
        User.role,
        OPENING.disclosure,
    )
    .select_from(Thread)
    .join(Prompt, Prompt.id == Thread.prompt_id)
    .join(User, User.id == Thread.author_id)
    .join(OPENING, and_(OPENING.thread_id == Thread.id, OPENING.number == 1))
)


@dataclass(frozen=True)
class Filter:
    """What a list of threads is narrowed to, and its order. Slugs as in the URL; None is no limit."""

    prompt: int | None = None
    component: int | None = None
    kind: str | None = None
    position: str | None = None
    phase: str | None = None
    sort: str = "latest"

    @property
    def narrows(self) -> bool:
        return any((self.component, self.kind, self.position, self.phase))

    def ids(self) -> Select[int]:
        """The ids of the threads, in order. With a component the list is driven by the component's own index."""
        query = select(Thread.id).where(listed())
        if self.prompt is not None:
            query = query.where(Thread.prompt_id == self.prompt)
        for column, value in (
            (Thread.kind, self.kind),
            (Thread.author_position, self.position),
            (Thread.author_phase, self.phase),
        ):
            if value is not None:
                query = query.where(column == value)
        latest: list[ColumnElement[Any]] = [Thread.last_post_at.desc(), Thread.id.desc()]
        newest = Thread.place.desc()
        if self.component is not None:
            query = query.join(ThreadComponent, ThreadComponent.thread_id == Thread.id)
            query = query.where(ThreadComponent.component_id == self.component)
            latest = [ThreadComponent.last_post_at.desc(), ThreadComponent.thread_id.desc()]
            newest = ThreadComponent.place.desc()
        elif self.prompt is not None and not self.narrows:
            latest = [Thread.pinned.desc(), *latest]
        if self.sort == "unanswered":
            query = query.where(literal_column("threads.posts_count") == literal_column("1"))
        return query.order_by(*(latest if self.sort == "latest" else [newest]))

    def page(self, number: int) -> list[ThreadRow]:
        """The threads of page `number`, from 1."""
        wanted = db.session.scalars(self.ids().limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
        return thread_rows(list(wanted))

    def count(self) -> int:
        """How many there are, counted no further than the last page that is offered and one more."""
        bounded = self.ids().order_by(None).limit(LAST_PAGE * PER_PAGE + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def thread_rows(ids: list[int]) -> list[ThreadRow]:
    """Rows for these threads, in this order: two queries, however many."""
    if not ids:
        return []
    found = {row[0]: row for row in db.session.execute(THREADS.where(Thread.id.in_(ids)))}
    carried = components_of(ids)
    return [_thread_row(found[id], carried.get(id, [])) for id in ids if id in found]


CARRIES: Any = ThreadComponent.__table__
CARRIED = select(CARRIES.c.thread_id, CARRIES.c.component_id).where(
    CARRIES.c.thread_id.in_(bindparam("ids", expanding=True))
)


def components_of(ids: list[int]) -> dict[int, list[Component]]:
    """The components that each of these threads carries, in order."""
    known = {component.id: component for component in catalogue().components}
    carried: dict[int, list[Component]] = {}
    for thread, component in db.session.connection().execute(CARRIED, {"ids": ids}):
        carried.setdefault(thread, []).append(known[component])
    for row in carried.values():
        row.sort(key=lambda component: component.order)
    return carried


def _thread_row(row: Any, components: list[Component]) -> ThreadRow:
    return ThreadRow(
        id=row[0],
        title=row[1],
        url=f"/threads/{row[0]}-{row[2]}",
        kind=row[3],
        posts_count=row[4],
        created_at=row[5],
        last_post_at=row[6],
        pinned=row[7],
        locked=row[8],
        hidden=row[9] != Moderation.CLEAR,
        prompt=row[10],
        prompt_slug=row[11],
        byline=byline(row[12], row[13], row[14], row[15], row[16], row[17]),
        components=[component.name for component in components],
    )


@dataclass(slots=True)
class PostRow:
    """A post as a page or a feed shows it; `author_url` is None where the post is role-only. `answered_place` is the
    position of the post that it answers; `began` the title of the thread that it opened before that was merged."""

    id: int
    thread_id: int
    number: int
    position: int
    byline: str
    author_url: str | None
    html: Any
    published_at: datetime
    updated_at: datetime
    edited_at: datetime | None
    in_reply_to: int | None
    answered_place: int | None
    gone_because: str | None
    gone_at: datetime | None
    author_id: int
    version: int
    author_version: int
    withdrawn: bool
    hidden: bool
    began: str = ""

    @property
    def answered_on(self) -> int | None:
        """The page of the post that it answers."""
        return page_of(self.answered_place or self.in_reply_to) if self.in_reply_to else None


ANSWERED = aliased(Post, name="in_reply")
POSTS = select(
    Post.id,
    Post.thread_id,
    Post.number,
    Post.position,
    Post.html,
    Post.published_at,
    Post.updated_at,
    Post.edited_at,
    Post.in_reply_to,
    select(ANSWERED.position)
    .where(ANSWERED.thread_id == Post.thread_id, ANSWERED.number == Post.in_reply_to)
    .scalar_subquery(),
    Post.publication,
    Post.moderation,
    Post.gone_at,
    Post.gone_reason,
    Post.disclosure,
    Post.version,
    Post.author_id,
    User.name,
    User.position,
    User.phase,
    User.school,
    User.role,
    User.version,
).join(User, User.id == Post.author_id)
OF_A_PAGE = POSTS.where(
    Post.thread_id == bindparam("thread"), Post.position.between(bindparam("first"), bindparam("last"))
).order_by(Post.position)
BEGAN = (
    select(MovedPost.post_id, Thread.title)
    .join(Thread, Thread.id == MovedPost.thread_id)
    .where(
        Thread.merged_into == bindparam("thread"),
        MovedPost.number == 1,
        MovedPost.post_id.in_(bindparam("posts", expanding=True)),
    )
)
PLACE = aliased(MovedPost, name="place")
CAME = select(PLACE.post_id).join(Thread, Thread.id == PLACE.thread_id)
CAME = CAME.where(Thread.merged_into == bindparam("thread"))
STOOD_HERE = union_all(
    *(
        select(kind.number, id.label("id")).where(
            kind.thread_id == bindparam("thread"),
            kind.number.between(bindparam("first"), bindparam("last")),
            ~kind.position.between(bindparam("first"), bindparam("last")),
            ~CAME.where(PLACE.post_id == id).exists(),
        )
        for kind, id in ((Post, Post.id), (MovedPost, MovedPost.post_id))
    )
).order_by("number")


def posts_of_page(thread: int, page: int) -> list[PostRow]:
    """The posts of page `page` of a thread: a range of positions, whatever the thread's length."""
    last = page * PER_PAGE
    found = db.session.connection().execute(
        OF_A_PAGE, {"thread": thread, "first": last - PER_PAGE + 1, "last": last}
    )
    return [post_row(row) for row in found]


def begun_by(thread: int, posts: list[int]) -> dict[int, str]:
    """Those of `posts` that opened a thread which was merged into this one, with its title."""
    found = db.session.connection().execute(BEGAN, {"thread": thread, "posts": posts})
    return {row.post_id: row.title for row in found}


def places_left(thread: int, page: int) -> list[PostRow]:
    """What stands on page `page` in place of posts that were split off: each leads on to where it is now."""
    last = page * PER_PAGE
    query = select(MovedPost.number, MovedPost.position, MovedPost.post_id, Post.published_at).join(
        Post, Post.id == MovedPost.post_id
    )
    found = query.where(MovedPost.thread_id == thread, MovedPost.position.between(last - PER_PAGE + 1, last))
    return [_place_left(thread, *row) for row in db.session.execute(found)]


def stood_here(thread: int, page: int) -> list[tuple[int, int]]:
    """The number and id of each post of this thread's own that stands on another page since others were merged into it,
    but would be on page `page` by its number: links from before lead there."""
    last = page * PER_PAGE
    values = {"thread": thread, "first": last - PER_PAGE + 1, "last": last}
    return [(row.number, row.id) for row in db.session.connection().execute(STOOD_HERE, values)]


def _place_left(thread: int, number: int, position: int, post: int, at: datetime) -> PostRow:
    nobody = 0
    return PostRow(
        id=post,
        thread_id=thread,
        number=number,
        position=position,
        byline="",
        author_url=None,
        html="",
        published_at=at,
        updated_at=at,
        edited_at=None,
        in_reply_to=None,
        answered_place=None,
        gone_because=SPLIT_OFF,
        gone_at=None,
        author_id=nobody,
        version=0,
        author_version=0,
        withdrawn=False,
        hidden=False,
    )


def post_row(row: Any) -> PostRow:
    """One row of POSTS."""
    (
        id,
        thread,
        number,
        position,
        html,
        published,
        updated,
        edited,
        in_reply_to,
        answered,
        publication,
        moderation,
        gone_at,
        reason,
        disclosure,
        version,
        author,
        name,
        job,
        phase,
        school,
        role,
        author_version,
    ) = row
    because = gone_because(publication, moderation, reason)
    return PostRow(
        id=id,
        thread_id=thread,
        number=number,
        position=position,
        byline=byline(name, job, phase, school, role, disclosure),
        author_url=None if disclosure == "role-only" else f"/people/{author}",
        html=html if because is None else "",
        published_at=published,
        updated_at=updated,
        edited_at=edited,
        in_reply_to=in_reply_to,
        answered_place=answered,
        gone_because=because,
        gone_at=gone_at,
        author_id=author,
        version=version,
        author_version=author_version,
        withdrawn=publication == Publication.WITHDRAWN,
        hidden=moderation != Moderation.CLEAR,
    )
