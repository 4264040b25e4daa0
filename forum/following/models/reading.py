"""How far a person has read: in the order in which a thread is read, be it merged from several."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, bindparam, case, cast, delete, literal, null, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now
from forum.discussion.models import Post, Thread
from forum.discussion.models.merging import merged
from forum.discussion.models.order import number_at, order_of, positions_of
from forum.following.models.follows import Follow, Kind, Level
from forum.following.models.notices import Notice
from forum.following.models.owned import Follower

MOST_MISSED = 1_000  # posts, of one person in one thread
LAST = 2**31
NUMBERS = JSON(none_as_null=True)
THREAD_OF = case((Follow.kind == Kind.THREAD, cast(Follow.target, Integer)))  # other targets are no numbers


class Reading(db.Model):  # type: ignore[name-defined,misc]
    """A person has read a thread as far as `position`, but for those posts before it that a merge brought in: `missed`
    has their numbers, in the order of reading."""

    __tablename__ = "reading"

    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True)
    position: Mapped[int]
    missed: Mapped[list[int] | None] = mapped_column(NUMBERS)
    at: Mapped[datetime] = mapped_column(Instant, default=now)

    @classmethod
    def move(cls, by: User, thread: Thread, number: int, position: int | None = None) -> bool:
        """`by` has read `thread` as far as post `number`; never back. What they were told of it, they have seen.
        Says False where they saw it at another `position`: a merge has put before it what they have not seen."""
        here = positions_of(thread.id, [number]).get(number) or max(1, min(number, thread.posts_count))
        if position not in (None, here):
            return False
        _, missed = _read(by.id, thread.id, lock=True)
        left = positions_of(thread.id, missed) if missed else {}
        missed = [each for each in missed if left.get(each, 0) > here]
        values = (by.id, thread.id, here)
        row = select(*map(literal, values), literal(missed or None, NUMBERS), literal(now(), Instant))
        _put(by.id, row)
        posts = select(Post.id).where(Post.thread_id == thread.id, Post.position <= here)
        Notice.see(by, Notice.post_id.in_(posts))
        return True

    @classmethod
    def catch_up(cls, by: User) -> None:
        """Everything that `by` follows or has opened is read."""
        opened = select(cls.thread_id).where(cls.person_id == by.id)
        followed = select(THREAD_OF).where(
            Follow.person_id == by.id, Follow.kind == Kind.THREAD, Follow.level != Level.MUTED
        )
        rows = select(literal(by.id), Thread.id, Thread.posts_count, null(), literal(now(), Instant))
        theirs = (Thread.id.in_(opened.union(followed)), Thread.posts_count > 0)
        _put(by.id, rows.where(*theirs).order_by(Thread.id))
        Notice.see(by, Notice.post_id.is_not(None))


READING: Any = Reading.__table__
ADD: dict[str, Any] = {"sqlite": sqlite.insert(READING), "postgresql": postgresql.insert(READING)}
SO_FAR = select(READING.c.thread_id, READING.c.position, READING.c.missed).where(
    READING.c.person_id == bindparam("person"), READING.c.thread_id.in_(bindparam("threads", expanding=True))
)


def read_so_far(person_id: int, threads: list[int]) -> dict[int, int]:
    """How many posts they have read of those of `threads` that they have opened: one query, by the key."""
    found = db.session.connection().execute(SO_FAR, {"person": person_id, "threads": threads})
    return {thread: position - len(missed or ()) for thread, position, missed in found}


def first_unread(person_id: int, thread: Thread) -> tuple[int, int]:
    """The number and the position of the first post that they have not read; where there is none, of the last."""
    position, missed = _read(person_id, thread.id)
    if missed and (found := positions_of(thread.id, missed[:1])):
        return next(iter(found.items()))
    position = max(1, min(position + 1, thread.posts_count))
    return number_at(thread.id, position), position


def _read(person_id: int, thread: int, lock: bool = False) -> tuple[int, list[int]]:
    query = SO_FAR.with_for_update() if lock else SO_FAR
    row = db.session.connection().execute(query, {"person": person_id, "threads": [thread]}).first()
    return (row.position, row.missed or []) if row else (0, [])


def _put(person_id: int, rows: Any) -> None:
    connection = db.session.connection()
    names = ["person_id", "thread_id", "position", "missed", "at"]
    add = ADD[connection.dialect.name].from_select(names, rows)
    further = add.excluded.position > READING.c.position
    connection.execute(
        add.on_conflict_do_update(
            index_elements=["person_id", "thread_id"],
            set_={
                "position": case((further, add.excluded.position), else_=READING.c.position),
                "missed": add.excluded.missed,
                "at": add.excluded.at,
            },
        )
    )
    Follower.changed(person_id)


@merged.connect
def _read_on(into: Thread, duplicate: Thread, posts: list[int], after: int) -> None:
    """What somebody has read of either thread is read, and nothing else."""
    connection = db.session.connection()
    both = select(READING).where(READING.c.thread_id.in_((into.id, duplicate.id)))
    readers: dict[int, dict[int, Any]] = {}
    for row in connection.execute(both.order_by(READING.c.thread_id, READING.c.person_id).with_for_update()):
        readers.setdefault(row.person_id, {})[row.thread_id] = row
    if not readers:
        return
    standing = dict(order_of(into.id))
    halves = {
        into.id: Half(standing, range(1, after + 1)),
        duplicate.id: Half(standing, range(after + 1, LAST)),
    }
    rows = [
        {"person_id": person, "thread_id": into.id, **_together(standing, halves, read)}
        for person, read in readers.items()
    ]
    add = ADD[connection.dialect.name]
    changed = {name: add.excluded[name] for name in ("position", "missed", "at")}
    connection.execute(
        add.on_conflict_do_update(index_elements=["person_id", "thread_id"], set_=changed), rows
    )
    connection.execute(delete(READING).where(READING.c.thread_id == duplicate.id))


class Half:
    """The posts of one of two threads that have become one, in their own order: their numbers and where they stand."""

    def __init__(self, standing: dict[int, int], numbered: range) -> None:
        self.before = numbered.start - 1
        self.numbers = [number for number in standing if number in numbered]
        self.positions = [standing[number] for number in self.numbers]

    def reached(self, read: Any) -> int:
        """The position of the last post that somebody has `read`."""
        return self.positions[min(read.position, len(self.positions)) - 1] if read and read.position else 0

    def missed(self, read: Any, position: int) -> list[int]:
        """The numbers of those that they have not read, as far as `position`."""
        since = self.numbers[read.position if read else 0 : bisect_right(self.positions, position)]
        return [self.before + number for number in (read and read.missed or ())] + since


def _together(standing: dict[int, int], halves: dict[int, Half], read: dict[int, Any]) -> dict[str, Any]:
    """As far as the last of what is read of either; where that leaves out too many to keep, as far as the first."""
    position = max(half.reached(read.get(id)) for id, half in halves.items())
    missed = [number for id, half in halves.items() for number in half.missed(read.get(id), position)]
    missed.sort(key=lambda number: standing.get(number, 0))
    if len(missed) > MOST_MISSED:
        position, missed = standing[missed[0]] - 1, []
    return {"position": position, "missed": missed or None, "at": max(row.at for row in read.values())}
