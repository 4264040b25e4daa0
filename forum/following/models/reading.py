"""How far a person has read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Integer,
    bindparam,
    case,
    cast,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now
from forum.discussion.models import Post, Thread
from forum.following.models.follows import Follow, Kind, Level
from forum.following.models.notices import Notice
from forum.following.models.owned import Follower

THREAD_OF = case((Follow.kind == Kind.THREAD, cast(Follow.target, Integer)))  # other targets are no numbers


class Reading(db.Model):  # type: ignore[name-defined,misc]
    """A person has read a thread as far as post `number`."""

    __tablename__ = "reading"

    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant, default=now)

    @classmethod
    def move(cls, by: User, thread: Thread, number: int) -> None:
        """`by` has read `thread` as far as this; never back. What they were told of those posts they have seen."""
        number = max(1, min(number, thread.posts_count))
        _put(by.id, select(literal(by.id), literal(thread.id), literal(number), literal(now(), Instant)))
        posts = select(Post.id).where(Post.thread_id == thread.id, Post.number <= number)
        Notice.see(by, Notice.post_id.in_(posts))

    @classmethod
    def catch_up(cls, by: User) -> None:
        """Everything that `by` follows or has opened is read."""
        opened = select(cls.thread_id).where(cls.person_id == by.id)
        followed = select(THREAD_OF).where(
            Follow.person_id == by.id, Follow.kind == Kind.THREAD, Follow.level != Level.MUTED
        )
        threads = select(literal(by.id), Thread.id, Thread.posts_count, literal(now(), Instant)).where(
            Thread.id.in_(opened.union(followed)), Thread.posts_count > 0
        )
        _put(by.id, threads)
        Notice.see(by, Notice.post_id.is_not(None))


READING: Any = Reading.__table__
ADD: dict[str, Any] = {"sqlite": sqlite.insert(READING), "postgresql": postgresql.insert(READING)}
SO_FAR = select(READING.c.thread_id, READING.c.number).where(
    READING.c.person_id == bindparam("person"), READING.c.thread_id.in_(bindparam("threads", expanding=True))
)


def read_so_far(person_id: int, threads: list[int]) -> dict[int, int]:
    """How far they have read those of `threads` that they have opened: one query, by the key."""
    found = db.session.connection().execute(SO_FAR, {"person": person_id, "threads": threads})
    return dict(tuple(row) for row in found)


def _put(person_id: int, rows: Any) -> None:
    connection = db.session.connection()
    add = ADD[connection.dialect.name].from_select(["person_id", "thread_id", "number", "at"], rows)
    further = add.excluded.number > READING.c.number
    connection.execute(
        add.on_conflict_do_update(
            index_elements=["person_id", "thread_id"],
            set_={
                "number": case((further, add.excluded.number), else_=READING.c.number),
                "at": add.excluded.at,
            },
        )
    )
    Follower.changed(person_id)
