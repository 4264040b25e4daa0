"""Rows as a page of results shows them: two or three queries, however many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select

from forum.accounts.models import User, byline
from forum.core.db import db
from forum.core.markup import marked
from forum.discussion.models import Post, Prompt, Thread, listed
from forum.discussion.models.lists import ThreadRow, components_of, thread_rows
from forum.discussion.models.order import anchor
from forum.discussion.models.words import Moderation, Publication
from forum.search.models.extracts import Marker
from forum.search.models.parsing import Group
from forum.search.models.results import Hit

PUBLIC = and_(Post.publication == Publication.PUBLISHED, Post.moderation == Moderation.CLEAR, listed())
SHOWN: Any = (
    select(
        Post.id,
        Post.place,
        Post.thread_id,
        Post.number,
        Post.position,
        Post.html,
        Post.published_at,
        Post.disclosure,
        Post.author_id,
        User.name,
        User.position.label("job"),
        User.phase,
        User.school,
        User.role,
        Thread.title,
        Thread.slug,
        Thread.kind,
        Thread.posts_count,
        Thread.supporters_count,
        Thread.answered_at,
        Prompt.title.label("prompt"),
        Prompt.slug.label("prompt_slug"),
    )
    .join(Thread, Thread.id == Post.thread_id)
    .join(Prompt, Prompt.id == Thread.prompt_id)
    .join(User, User.id == Post.author_id)
    .where(PUBLIC, Post.place.in_(bindparam("places", expanding=True)))
)
OPENING: Any = (
    select(Post.thread_id, Post.place)
    .join(Thread, Thread.id == Post.thread_id)
    .where(PUBLIC, Post.number == 1, Post.thread_id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A thread to show, by the place of a post of it, or None where only its title was found."""

    thread: int
    post: int | None
    more: int = 0


def hits_of(wanted: Sequence[Wanted], groups: Sequence[Group]) -> list[Hit]:
    """What is to be shown, in order; what has been hidden since it was found is left out."""
    opening = openings([each.thread for each in wanted if each.post is None])
    posts = {each.thread: each.post or opening.get(each.thread) for each in wanted}
    shown = _shown(post for post in posts.values() if post)
    bare = {row.id: row for row in thread_rows([id for id, post in posts.items() if post is None])}
    carried = components_of(list(posts)) if posts else {}
    marker = Marker(groups)
    hits = []
    for each in wanted:
        row = shown.get(posts[each.thread] or 0)
        if row is not None:
            hits.append(_hit(row, marker, carried.get(each.thread, []), each.more))
        elif each.thread in bare:
            hits.append(_bare(bare[each.thread], marker, carried.get(each.thread, [])))
    return hits


def openings(threads: list[int]) -> dict[int, int]:
    """The places of the opening posts of these threads, of those where it is public."""
    if not threads:
        return {}
    return {row.thread_id: row.place for row in db.session.execute(OPENING, {"ids": threads})}


def _shown(posts: Iterable[int]) -> dict[int, Any]:
    places = list(posts)
    return {row.place: row for row in db.session.execute(SHOWN, {"places": places})} if places else {}


def _hit(row: Any, marker: Marker, components: list[Any], more: int) -> Hit:
    address = f"/threads/{row.thread_id}-{row.slug}"
    at = anchor(address, row.number, row.position) if row.number > 1 else address
    return Hit(
        thread_id=row.thread_id,
        post_id=row.id,
        number=row.number,
        title=marker.title(row.title),
        plain_title=row.title,
        url=at,
        thread_url=address,
        extract=marker.extract(row.html),
        byline=byline(row.name, row.job, row.phase, row.school, row.role, row.disclosure),
        author_url=None if row.disclosure == "role-only" else f"/people/{row.author_id}",
        published_at=row.published_at,
        prompt=row.prompt,
        prompt_slug=row.prompt_slug,
        kind=row.kind,
        components=components,
        posts_count=row.posts_count,
        supporters_count=row.supporters_count,
        is_answered=row.answered_at is not None,
        more_in_thread=more,
    )


def _bare(row: ThreadRow, marker: Marker, components: list[Any]) -> Hit:
    """A thread that was found by its title, and whose opening post is not public."""
    return Hit(
        thread_id=row.id,
        post_id=None,
        number=None,
        title=marker.title(row.title),
        plain_title=row.title,
        url=row.url,
        thread_url=row.url,
        extract=marked("", ()),
        byline=row.byline,
        author_url=None,
        published_at=row.created_at,
        prompt=row.prompt,
        prompt_slug=row.prompt_slug,
        kind=row.kind,
        components=components,
        posts_count=row.posts_count,
        supporters_count=0,
        is_answered=False,
    )
