"""What a person follows, and how they want to hear of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, aliased, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Refused
from forum.discussion.models import Thread
from forum.discussion.models.merging import merged
from forum.discussion.models.splitting import split_off
from forum.following.models.choices import MailChoice, level_of_pace
from forum.following.models.owned import Follower

LONGEST_TARGET = 1000
MOST = 2_000  # things that one person follows


class Kind(StrEnum):
    """What can be followed: each has a feed. A follow's target is the thread's, person's or suggestion's id, the slug
    of a prompt, component or resource, the query of a search or of the library in the one spelling that our links
    have ("" for all case studies), and "" for all answers."""

    PROMPT = "prompt"
    COMPONENT = "component"
    THREAD = "thread"
    PERSON = "person"
    RESOURCE = "resource"
    OUTCOME = "outcome"
    LIBRARY = "library"
    SEARCH = "search"
    ANSWERS = "answers"


class Level(StrEnum):
    """How a person hears: on the site's own pages only, by mail at once, in the digest; or never, of what is muted
    (a thread or a person)."""

    SITE = "site"
    MAIL = "mail"
    DIGEST = "digest"
    MUTED = "muted"


MUTABLE = (Kind.THREAD, Kind.PERSON)


class Follow(db.Model):  # type: ignore[name-defined,misc]
    """One person follows one thing, or has muted it."""

    __tablename__ = "follows"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(LONGEST_TARGET))
    level: Mapped[str] = mapped_column(String(6))
    since: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (
        UniqueConstraint("person_id", "kind", "target"),
        CheckConstraint("level <> 'muted' OR kind IN ('thread', 'person')", name="muted"),
        Index(None, "kind", "target", "person_id"),
    )

    # What people do

    @classmethod
    def begin(cls, by: User, kind: Kind, target: str, level: Level | None = None) -> Follow:
        """Follow it, or mute it, from now on; or hear of it at another `level`. Without one it is what the person's
        pace says. Twice is once. Raises Refused at the limit, or where it cannot be muted."""
        if level == Level.MUTED and kind not in MUTABLE:
            raise Refused("Only a thread or a person can be muted.")
        if kind == Kind.PERSON and target == str(by.id):
            raise Refused("You cannot follow yourself: what you said is in your own conversation.")
        see_anew(by, lock=True)  # one at a time: a double click waits here
        found = cls.find(by, kind, target)
        level = level or level_of_pace(MailChoice.of(by.id).pace)
        if found is None:
            if (db.session.scalar(select(func.count()).where(cls.person_id == by.id)) or 0) >= MOST:
                raise Refused(f"You follow {MOST:,} things, and that is the most. Stop following some first.")
            found = cls(person_id=by.id, kind=kind, target=target)
            db.session.add(found)
        found.level = level
        db.session.flush()
        Follower.changed(by.id)
        return found

    @classmethod
    def end(cls, by: User, kind: str, target: str) -> bool:
        """Follow or mute it no longer; False where that was so already."""
        gone = delete(cls).where(cls.person_id == by.id, cls.kind == kind, cls.target == target)
        Follower.changed(by.id)
        ended: Any = db.session.execute(gone)
        return bool(ended.rowcount)

    @classmethod
    def arrange(cls, by: User, ids: list[int], level: Level | None) -> int:
        """Those of `ids` that are this person's own are heard of at `level`, or, without one, no longer followed;
        how many they were. What is muted stays so: only its end is for this."""
        own = (cls.person_id == by.id, cls.id.in_(ids))
        again = update(cls).where(*own, cls.level != Level.MUTED).values(level=level)
        changed: Any = db.session.execute(delete(cls).where(*own) if level is None else again)
        Follower.changed(by.id)
        return int(changed.rowcount)

    @classmethod
    def by_taking_part(cls, person_id: int, thread_id: int, started: bool) -> None:
        """Whoever starts a thread or replies follows it, unless they have chosen otherwise, or have muted it."""
        connection = db.session.connection()
        values = {"person": person_id, "thread": str(thread_id), "at": now()}
        if connection.execute(TAKING_PART[connection.dialect.name, started], values).rowcount > 0:
            Follower.changed(person_id)

    # Queries

    @classmethod
    def find(cls, by: User, kind: str, target: str) -> Follow | None:
        mine = select(cls).where(cls.person_id == by.id, cls.kind == kind, cls.target == target)
        found: Follow | None = db.session.scalar(mine)
        return found

    @classmethod
    def of(cls, person: User) -> Select[Follow]:
        """Their own, the newest first."""
        return select(cls).where(cls.person_id == person.id).order_by(cls.id.desc())


FOLLOWS: Any = Follow.__table__


def _taking_part(dialect: Any, started: bool) -> Any:
    chosen = MailChoice.follow_on_start if started else MailChoice.follow_on_reply
    row = (
        select(
            User.id,
            literal(str(Kind.THREAD)),
            bindparam("thread", type_=String),
            level_of_pace(MailChoice.pace),
            bindparam("at", type_=Instant),
        )
        .select_from(User)
        .outerjoin(MailChoice, MailChoice.person_id == User.id)
        .where(User.id == bindparam("person"), func.coalesce(chosen, true()))
    )
    add = dialect.insert(FOLLOWS).from_select(["person_id", "kind", "target", "level", "since"], row)
    return add.on_conflict_do_nothing(index_elements=["person_id", "kind", "target"])


TAKING_PART = {
    (name, started): _taking_part(dialect, started)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
    for started in (True, False)
}


@split_off.connect
def _follow_both(new: Thread, source: Thread, posts: list[int]) -> None:
    """Whoever follows, or has muted, the old thread does the same with the one that came out of it."""
    row = select(Follow.person_id, Follow.kind, literal(str(new.id)), Follow.level, Follow.since)
    row = row.where(Follow.kind == Kind.THREAD, Follow.target == str(source.id))
    add = insert(Follow).from_select(["person_id", "kind", "target", "level", "since"], row)
    db.session.execute(add, execution_options={"synchronize_session": False})


@merged.connect
def _go_on_together(into: Thread, duplicate: Thread, posts: list[int], after: int) -> None:
    """Whoever followed the one follows the other; whoever had both keeps what they chose for the one that goes on."""
    other = aliased(Follow)
    for kind in (Kind.THREAD, Kind.OUTCOME):
        theirs = (Follow.kind == kind, Follow.target == str(duplicate.id))
        both = select(other.id).where(
            other.person_id == Follow.person_id, other.kind == kind, other.target == str(into.id)
        )
        unsynchronised = {"synchronize_session": False}
        db.session.execute(
            update(Follow).where(*theirs, ~both.exists()).values(target=str(into.id)),
            execution_options=unsynchronised,
        )
        db.session.execute(delete(Follow).where(*theirs), execution_options=unsynchronised)
