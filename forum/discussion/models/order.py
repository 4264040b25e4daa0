"""The order in which a thread is read. A post's `number` is its name in the thread, for good; its `position` says where
it stands, and so on which page. The two are the same unless threads were merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Subquery, bindparam, func, null, select, union_all, update

from forum.core.db import db
from forum.core.paging import page_of
from forum.discussion.models.threads import MovedPost, Post

POSTS: Any = Post.__table__
PLACES: Any = MovedPost.__table__


def interleave(thread: int, after: int) -> None:
    """Put the posts numbered above `after`, which come from another thread, among those of `thread` by their time. It
    turns neither order round, and the opening post stays the first. Under the thread's lock."""
    connection, turn = db.session.connection(), _by_time(thread, after)
    left = connection.execute(select(turn.c.number, turn.c.place).where(turn.c.post.is_(None))).all()
    connection.execute(
        update(POSTS)
        .where(POSTS.c.id == turn.c.post, POSTS.c.position != turn.c.place)
        .values(position=turn.c.place)
    )
    if left:
        stood = (PLACES.c.thread_id == thread, PLACES.c.number == bindparam("named"))
        connection.execute(
            update(PLACES).where(*stood).values(position=bindparam("place")),
            [{"named": number, "place": place} for number, place in left],
        )


def _by_time(thread: int, after: int) -> Subquery:
    """The place of each post, and of what is left where one has gone (`post` is NULL). What is older than the last has
    the time of that one."""
    all = _standing(thread).subquery("standing")
    came = all.c.number > after
    at = func.max(all.c.at).over(partition_by=came, order_by=all.c.position)
    timed = select(all, came.label("came"), at.label("by")).subquery("timed")
    turn = func.row_number().over(order_by=(timed.c.number != 1, timed.c.by, timed.c.came, timed.c.position))
    return select(timed.c.post, timed.c.number, turn.label("place")).subquery("turn")


def order_of(thread: int) -> list[tuple[int, int]]:
    """The number and the position of all that stands in a thread, in the order of reading."""
    found = db.session.connection().execute(_standing(thread).order_by("position"))
    return [(row.number, row.position) for row in found]


def positions_of(thread: int, numbers: Sequence[int]) -> dict[int, int]:
    """Where the posts with these numbers stand, or what is left in their place."""
    found = db.session.connection().execute(_standing(thread, number=numbers))
    return {row.number: row.position for row in found}


def number_at(thread: int, position: int) -> int:
    """The number of what stands at `position`."""
    row = db.session.connection().execute(_standing(thread, position=[position])).first()
    return row.number if row else position


def _standing(thread: int, **at: Sequence[int]) -> CompoundSelect[Any]:
    """The posts of a thread, and what is left where some were split off; those `at` some places, where asked."""

    def here(table: Any) -> list[Any]:
        return [table.c.thread_id == thread, *(table.c[name].in_(some) for name, some in at.items())]

    columns = (POSTS.c.id.label("post"), POSTS.c.number, POSTS.c.position, POSTS.c.published_at.label("at"))
    gone = (null().label("post"), PLACES.c.number, PLACES.c.position, POSTS.c.published_at)
    return union_all(
        select(*columns).where(*here(POSTS), POSTS.c.number.is_not(None)),
        select(*gone).join(POSTS, POSTS.c.id == PLACES.c.post_id).where(*here(PLACES)),
    )


def anchor(address: str, number: int, position: int) -> str:
    """The page and place of post `number` in the thread at `address`."""
    page = page_of(position)
    return address + (f"?page={page}" if page > 1 else "") + f"#post-{number}"
