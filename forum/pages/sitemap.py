"""The sitemap (sitemaps.org 0.9): an index of parts, each a block of thread ids, so that no part grows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from forum.core.db import db
from forum.discussion.models import Thread, listed

BLOCK = 10_000  # ids in a part; the protocol allows 50,000 addresses


def parts() -> list[int]:
    """The numbers of the parts with threads in them, from 1. One look-up in the index for each."""
    # The first listed id, then the first one beyond its block, and so on.
    first = select(func.min(Thread.id).label("id")).where(listed()).cte("firsts", recursive=True)
    beyond = select(func.min(Thread.id)).where(
        listed(), Thread.id > (first.c.id + BLOCK - 1) // BLOCK * BLOCK
    )
    firsts = first.union_all(select(beyond.scalar_subquery()).where(first.c.id.is_not(None)))
    return [_part_of(id) for id in db.session.scalars(select(firsts.c.id).where(firsts.c.id.is_not(None)))]


def threads(part: int) -> list[tuple[str, datetime]]:
    """The path of each thread in `part`, and when something was last written in it."""
    # Not changed_at: it moves in one instant in every thread of someone who changes their school,
    # and would tie their role-only posts to their name.
    query = select(Thread.id, Thread.slug, Thread.last_post_at).where(
        listed(), Thread.id.between((part - 1) * BLOCK + 1, part * BLOCK)
    )
    return [(f"/threads/{id}-{slug}", at) for id, slug, at in db.session.execute(query.order_by(Thread.id))]


def _part_of(id: int) -> int:
    return (id + BLOCK - 1) // BLOCK
