"""Two threads that say the same become one: the posts of the one go on in the other, in the order of time.

The thread that was merged keeps its row, its title and its id, so that its address leads on for good. No list shows it:
its publication is `merged`. One line of the log says which posts were moved and from which numbers, and each old place
leads on to its post.
"""

from __future__ import annotations

from typing import Any

from blinker import Signal
from sqlalchemy import Select, case, func, insert, literal, select, update

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import db, now
from forum.core.errors import Refused
from forum.core.paging import PER_PAGE
from forum.discussion.models.drafts import Draft
from forum.discussion.models.order import anchor, interleave
from forum.discussion.models.prompts import Component
from forum.discussion.models.threads import MovedPost, Person, Post, Thread, ThreadComponent
from forum.discussion.models.words import Kind, Publication

MERGEABLE = (Kind.DISCUSSION, Kind.SUGGESTION)
POSTS: Any = Post.__table__
PLACES: Any = MovedPost.__table__
merged = Signal(
    "a thread has taken in `duplicate`: sent by the thread that goes on, with the ids of the `posts`, now numbered"
    " on from `after`; both are held"
)


def hold_both(one: Thread, other: Thread) -> None:
    """Take both rows' locks, the lower id first: so two merges never wait for each other. Raises Moved where one
    of them has been merged meanwhile."""
    for thread in sorted((one, other), key=lambda each: each.id):
        thread.hold()


def merge(duplicate: Thread, into: Thread, by: User, note: str = "") -> None:
    """Move all posts of `duplicate` among those of `into`, by their time and under new numbers; it goes on there with
    its components, drafts and earlier merges. Raises Refused where the two are not such, Moved where a colleague was
    quicker."""
    hold_both(duplicate, into)
    _check(duplicate, into)
    offset = into.posts_count
    _leave_places(duplicate, into)
    was = _move_posts(duplicate, into)
    into.posts_count, duplicate.posts_count = offset + duplicate.posts_count, 0
    into.last_post_at = max(into.last_post_at, duplicate.last_post_at)
    into.answered_at = min(filter(None, (into.answered_at, duplicate.answered_at)), default=None)
    into.has_picture = into.has_picture or duplicate.has_picture
    duplicate.publication, duplicate.gone_at, duplicate.merged_into = Publication.MERGED, now(), into.id
    db.session.execute(
        update(Thread).where(Thread.merged_into == duplicate.id).values(merged_into=into.id),
        execution_options={"synchronize_session": False},
    )
    _carry_all(duplicate, into)
    Draft.follow(
        f"reply:{duplicate.id}", f"reply:{into.id}", f"A reply: {into.title}", f"{address(into)}#reply"
    )
    merged.send(into, duplicate=duplicate, posts=was["posts"], after=offset)
    for thread in sorted((duplicate, into), key=lambda each: each.prompt_id):
        thread.touched()
    record(
        "team.thread-merged",
        by=by,
        public=True,
        prompt=into.prompt_id,
        thread=duplicate.id,
        subject=duplicate.author_id,
        note=note,
        detail={"into": into.id, "prompt": duplicate.prompt_id, "after": offset, **was},
    )


def standing(id: int, lock: bool = False) -> int:
    """The id of the thread in which the posts of thread `id` stand: its own, or that of the one it was merged into.
    With `lock` it stays so until the end of the transaction."""
    query = select(Thread.id, Thread.merged_into).where(Thread.id == id)
    if lock:
        query = query.with_for_update(read=True, key_share=True)
    found = db.session.execute(query).first()
    return found.merged_into or id if found else id


def gone_on_in(id: int, viewer: Person) -> Select[Thread]:
    """The thread into which thread `id` was merged, where `viewer` may see it."""
    into = select(Thread.merged_into).where(Thread.id == id).scalar_subquery()
    return Thread.visible_to(viewer).where(Thread.id == into)


def address(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


def goes_on_at(id: int, into: Thread, page: int) -> str:
    """Where page `page` of thread `id` goes on in the thread that it was merged into: at the first of its posts."""
    first = (
        select(POSTS.c.number, POSTS.c.position)
        .join(PLACES, PLACES.c.post_id == POSTS.c.id)
        .where(
            PLACES.c.thread_id == id, PLACES.c.position > (page - 1) * PER_PAGE, POSTS.c.thread_id == into.id
        )
        .order_by(PLACES.c.position)
        .limit(1)
    )
    row = db.session.execute(first).first()
    return anchor(address(into), *row) if row else address(into)


def _check(duplicate: Thread, into: Thread) -> None:
    if duplicate.id == into.id:
        raise Refused("A thread cannot be merged into itself.")
    if duplicate.kind != into.kind or duplicate.kind not in MERGEABLE:
        raise Refused("Only two discussions, or two suggestions, can be merged.")
    if not (duplicate.is_listed and into.is_listed):
        raise Refused("Only threads that are shown can be merged.")


def _leave_places(duplicate: Thread, into: Thread) -> None:
    """What is left where posts were split off goes on too; and all places of `duplicate` lead to the posts."""
    number = PLACES.c.number + into.posts_count
    gone = select(literal(into.id), number, PLACES.c.position, PLACES.c.post_id)
    held = select(literal(duplicate.id), POSTS.c.number, POSTS.c.position, POSTS.c.id)
    for left in (
        gone.where(PLACES.c.thread_id == duplicate.id),
        held.where(POSTS.c.thread_id == duplicate.id, POSTS.c.number.is_not(None)),
    ):
        names = ["thread_id", "number", "position", "post_id"]
        db.session.connection().execute(insert(PLACES).from_select(names, left))


def _move_posts(duplicate: Thread, into: Thread) -> dict[str, list[int]]:
    """Give every post its new place; returns what it was. A post that named no other answered the opening post, and
    says so from now on. Numbers are those of `into` and never used before; ids and dates stay."""
    offset = into.posts_count
    rows = db.session.execute(
        select(Post.id, Post.number, Post.in_reply_to)
        .where(Post.thread_id == duplicate.id)
        .order_by(Post.number)
    ).all()
    db.session.connection().execute(
        update(POSTS)
        .where(POSTS.c.thread_id == duplicate.id)
        .values(
            thread_id=into.id,
            prompt_id=into.prompt_id,
            number=POSTS.c.number + offset,
            in_reply_to=case(
                (POSTS.c.number == 1, None), else_=func.coalesce(POSTS.c.in_reply_to, 1) + offset
            ),
        )
    )
    interleave(into.id, offset)
    for known in list(db.session.identity_map.values()):
        if isinstance(known, Post):
            db.session.expire(known)
    return {
        "posts": [row.id for row in rows],
        "numbers": [row.number for row in rows],
        "unaddressed": [row.id for row in rows if row.in_reply_to is None],
    }


def _carry_all(duplicate: Thread, into: Thread) -> None:
    """The components of both. Those of the duplicate stay with it too, where feeds look for what has gone."""
    of_both = select(ThreadComponent.component_id).where(
        ThreadComponent.thread_id.in_((duplicate.id, into.id))
    )
    into.carry(list(db.session.scalars(select(Component).where(Component.id.in_(of_both)))))
    db.session.flush()
    db.session.execute(
        update(ThreadComponent)
        .where(ThreadComponent.thread_id == into.id)
        .values(last_post_at=into.last_post_at)
    )
