"""What a change of a thread or a post does to the studies, in the same transaction: whether one is listed, how often
it counts as tried, and that studies which name each other as kin are shown anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, inspect, or_, select, update
from sqlalchemy.orm import Mapper

from forum.case_studies.models.studies import CaseStudy
from forum.case_studies.models.trials import recounted
from forum.core.db import now
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Kind, Moderation, Publication

STUDIES: Any = CaseStudy.__table__
THREADS: Any = Thread.__table__
POSTS: Any = Post.__table__


@event.listens_for(Thread, "after_update")
def _thread_changed(mapper: Mapper[Thread], connection: Connection, thread: Thread) -> None:
    if thread.kind != Kind.CASE_STUDY:
        return
    if _comes_or_goes(thread):
        _list(connection, thread.id)
    if _comes_or_goes(thread) or inspect(thread).attrs.title.history.has_changes():
        _show_kin_anew(connection, thread.id)


@event.listens_for(Post, "after_update")
def _post_changed(mapper: Mapper[Post], connection: Connection, post: Post) -> None:
    if not _comes_or_goes(post):
        return
    if post.number == 1:
        _list(connection, post.thread_id)
        _show_kin_anew(connection, post.thread_id)
    else:
        connection.execute(recounted(post.thread_id))


def _comes_or_goes(thing: Thread | Post) -> bool:
    state: Any = inspect(thing).attrs
    return bool(state.publication.history.has_changes() or state.moderation.history.has_changes())


def _list(connection: Connection, thread: int) -> None:
    """A study is listed while its thread and its opening post are shown; its place is its thread's."""
    shown = (
        select(POSTS.c.id)
        .join(THREADS, THREADS.c.id == POSTS.c.thread_id)
        .where(
            POSTS.c.thread_id == thread,
            POSTS.c.number == 1,
            *(
                condition
                for table in (POSTS, THREADS)
                for condition in (
                    table.c.publication == Publication.PUBLISHED,
                    table.c.moderation == Moderation.CLEAR,
                )
            ),
        )
        .exists()
    )
    place = select(THREADS.c.place).where(THREADS.c.id == thread).scalar_subquery()
    connection.execute(update(STUDIES).where(STUDIES.c.thread_id == thread).values(listed=shown, place=place))


def _show_kin_anew(connection: Connection, thread: int) -> None:
    """What it was adapted from and what was adapted from it name it on their pages."""
    parent = select(STUDIES.c.adapted_from).where(STUDIES.c.thread_id == thread)
    children = select(STUDIES.c.thread_id).where(STUDIES.c.adapted_from == thread)
    kin = select(THREADS.c.id).where(or_(THREADS.c.id.in_(parent), THREADS.c.id.in_(children)))
    held = connection.scalars(kin.order_by(THREADS.c.id).with_for_update()).all()
    if held:
        connection.execute(
            update(THREADS)
            .where(THREADS.c.id.in_(held))
            .values(version=THREADS.c.version + 1, changed_at=now())
        )
