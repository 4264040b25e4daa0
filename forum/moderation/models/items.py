"""The queue: everything that waits for the team, each thing once."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from flask import current_app
from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, and_, func, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from forum.accounts.models import User
from forum.activity.models import record
from forum.case_studies.models import CaseStudy
from forum.case_studies.models.files import StudyFile
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.core.working_time import hours_after
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import URGENT

CLAIM_LASTS = timedelta(minutes=15)
NEARLY = timedelta(hours=2)


class Why(StrEnum):
    """What brought a thing into the queue; the first is the worst."""

    REPORT = "report"
    HELD = "held"
    APPEAL = "appeal"
    PICTURE = "picture"


WHYS = {
    Why.REPORT: "Reports",
    Why.HELD: "Held posts",
    Why.APPEAL: "Appeals",
    Why.PICTURE: "Pictures and papers",
}


class Urgency(IntEnum):
    AT_ONCE = 0
    SOON = 1
    ORDINARY = 2


SOON = ("illegal", "personal", "harassment")


def urgency_of(reason: str) -> Urgency:
    if reason in URGENT:
        return Urgency.AT_ONCE
    return Urgency.SOON if reason in SOON else Urgency.ORDINARY


def _indexed(name: str, columns: tuple[str, ...]) -> str:
    """What an index of the queue holds: all that is open. Few things are somebody's, so the indexes on whose they are
    hold no others; else SQLite, which has counted that nearly all names are empty, walks the whole list to count."""
    return (
        f"open_thing IS NOT NULL{f' AND {columns[0]} IS NOT NULL' if name in ('claimed', 'passed') else ''}"
    )


class Item(db.Model):  # type: ignore[name-defined,misc]
    """A thing that waits: a post, a picture, a person or an appeal, named by `thing` ("post:12"). `open_thing` is the
    same name while the item is open, so that the database lets a thing wait only once. The worst and oldest come
    first."""

    __tablename__ = "queue_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    thing: Mapped[str] = mapped_column(String(40))
    open_thing: Mapped[str | None] = mapped_column(String(40), unique=True)
    why: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[int]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("case_study_files.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey("prompts.id"))
    reports_count: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime] = mapped_column(Instant, default=now)
    due_at: Mapped[datetime] = mapped_column(Instant)
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    passed_to_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    post: Mapped[Post | None] = relationship(lazy="raise")
    file: Mapped[StudyFile | None] = relationship(lazy="raise")
    person: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[person_id])
    claimed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[claimed_by_id])
    passed_to: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[passed_to_id])

    __table_args__ = (
        CheckConstraint("(open_thing IS NULL) = (closed_at IS NOT NULL)", name="open_or_closed"),
        Index(None, "thing", "id"),
        Index(None, "person_id", "id"),
        *(
            Index(
                f"ix_queue_items_{name}",
                *columns,
                sqlite_where=text(_indexed(name, columns)),
                postgresql_where=text(_indexed(name, columns)),
            )
            for name, columns in {
                "worst": ("urgency", "opened_at", "id"),
                "why": ("why", "urgency", "opened_at", "id"),
                "reason": ("reason", "urgency", "opened_at", "id"),
                "prompt": ("prompt_id", "urgency", "opened_at", "id"),
                "due": ("due_at", "id"),
                "claimed": ("claimed_by_id", "urgency", "opened_at", "id"),
                "passed": ("passed_to_id", "urgency", "opened_at", "id"),
            }.items()
        ),
    )

    # How things come in

    @classmethod
    def about_post(cls, post: Post, why: Why, reason: str) -> Item:
        """The open item about `post`, a new one or the one that it joins."""
        return cls._open(
            f"post:{post.id}",
            why,
            reason,
            post_id=post.id,
            person_id=post.author_id,
            prompt_id=post.prompt_id,
        )

    @classmethod
    def about_file(cls, file: StudyFile, why: Why, reason: str) -> Item:
        """The open item about a picture or paper of a published study."""
        prompt = db.session.scalar(select(Thread.prompt_id).where(Thread.id == file.thread_id))
        return cls._open(
            f"file:{file.id}", why, reason, file_id=file.id, person_id=file.sender_id, prompt_id=prompt
        )

    @classmethod
    def about_person(cls, person: User, why: Why, reason: str) -> Item:
        return cls._open(f"person:{person.id}", why, reason, person_id=person.id)

    @classmethod
    def about_appeal(cls, appeal: int, person: int | None, post: int | None, prompt: int | None) -> Item:
        about = {"person_id": person, "post_id": post, "prompt_id": prompt}
        return cls._open(f"appeal:{appeal}", Why.APPEAL, "appeal", **about)

    @classmethod
    def _open(cls, thing: str, why: Why, reason: str, **about: int | None) -> Item:
        urgency = urgency_of(reason)
        at = now()
        due = hours_after(at, current_app.config["FORUM"].queue_hours[urgency])
        item = cls(
            thing=thing,
            open_thing=thing,
            why=why,
            reason=reason,
            urgency=urgency,
            opened_at=at,
            due_at=due,
            **about,
        )
        try:
            with db.session.begin_nested():
                db.session.add(item)
        except IntegrityError:  # it waits already
            item = db.session.scalars(select(cls).where(cls.open_thing == thing).with_for_update()).one()
            if urgency < item.urgency:
                item.urgency, item.reason, item.due_at = urgency, reason, min(due, item.due_at)
            if why == Why.REPORT:
                item.why = why
        return item

    # What the team does with it

    def claim(self, by: User) -> None:
        """Take it, so that nobody else decides it for CLAIM_LASTS. Raises Conflict where a colleague holds it."""
        self._hold()
        self._must_be_open()
        if not self.free_for(by):
            raise Conflict(f"{self._holder()} is looking at this.")
        self.claimed_by_id, self.claimed_until = by.id, now() + CLAIM_LASTS

    def let_go(self, by: User) -> None:
        self._hold()
        if self.claimed_by_id == by.id:
            self.claimed_by_id = self.claimed_until = None

    def pass_to(self, by: User, colleague: User, note: str) -> None:
        """Ask a named colleague for a second opinion: it is theirs to find first; others may still take it."""
        self._hold()
        self._must_be_open()
        if not colleague.is_team or not self.decidable_by(colleague):
            raise Refused("That colleague cannot decide this.")
        self.passed_to_id, self.claimed_by_id, self.claimed_until = colleague.id, None, None
        about = {"item": self.id, "to": colleague.id}
        record("team.passed", by=by, post=self.post_id, subject=self.person_id, note=note, detail=about)

    def close(self) -> None:
        self.open_thing, self.closed_at = None, now()
        self.claimed_by_id = self.claimed_until = None

    def waits_since(self, at: datetime) -> None:
        """It was told at `at`, before it was written here (an imported conversation, the demo story)."""
        self.opened_at = at
        self.due_at = hours_after(at, current_app.config["FORUM"].queue_hours[self.urgency])

    def open_again(self) -> None:
        """Back into the queue, unless the thing has come in anew by itself."""
        try:
            with db.session.begin_nested():
                self.open_thing, self.closed_at = self.thing, None
        except IntegrityError:
            db.session.refresh(self)

    def begin_deciding(self, by: User) -> None:
        """Take the row's lock and ask whether `by` may decide now. Raises Conflict or Refused."""
        self._hold()
        self._must_be_open()
        if not self.free_for(by):
            raise Conflict(f"{self._holder()} is looking at this.")
        if not self.decidable_by(by):
            raise Refused("You cannot decide about yourself, your own report or appeal, or an administrator.")

    # Questions

    @property
    def is_open(self) -> bool:
        return self.open_thing is not None

    @property
    def band(self) -> str:
        """`overdue`, `nearly` or `recent`."""
        left = self.due_at - now()
        return "overdue" if left < timedelta() else "nearly" if left < NEARLY else "recent"

    def free_for(self, user: User) -> bool:
        held = self.claimed_until is not None and self.claimed_until > now()
        return not held or self.claimed_by_id == user.id

    def decidable_by(self, user: User) -> bool:
        """Nobody decides about themselves or what they reported, and nobody but an administrator about one. Of an
        appeal see Appeal.decidable_by, which asks this too."""
        if not user.is_team or self.person_id == user.id:
            return False
        person = db.session.get(User, self.person_id) if self.person_id else None
        if person is not None and person.is_administrator and not user.is_administrator:
            return False
        reported = text("SELECT 1 FROM reports WHERE item_id = :item AND reporter_id = :user LIMIT 1")
        return db.session.execute(reported, {"item": self.id, "user": user.id}).first() is None

    # Queries

    @classmethod
    def waiting(cls, after: Item | None = None) -> Select[Item]:
        """What is open, the worst and oldest first; with `after`, what comes after that item."""
        query = select(cls).where(cls.open_thing.is_not(None))
        if after is not None:
            later = or_(
                cls.opened_at > after.opened_at, and_(cls.opened_at == after.opened_at, cls.id > after.id)
            )
            query = query.where(
                cls.urgency >= after.urgency,
                or_(cls.urgency > after.urgency, and_(cls.urgency == after.urgency, later)),
            )
        return query.order_by(cls.urgency, cls.opened_at, cls.id)

    @classmethod
    def overdue(cls) -> Select[Item]:
        return select(cls).where(cls.open_thing.is_not(None), cls.due_at < now())

    @classmethod
    def whole(cls, query: Select[Item]) -> Select[Item]:
        """`query`, each item with its post or picture, its thread, person and holder."""
        return query.options(
            joinedload(cls.post).options(
                joinedload(Post.author), joinedload(Post.thread).joinedload(Thread.prompt)
            ),
            joinedload(cls.file).options(
                selectinload(StudyFile.renditions),
                joinedload(StudyFile.sender),
                joinedload(StudyFile.study).joinedload(CaseStudy.thread).joinedload(Thread.prompt),
            ),
            joinedload(cls.person),
            joinedload(cls.claimed_by),
            joinedload(cls.passed_to),
        )

    @classmethod
    def count(cls, query: Select[Item], most: int) -> int:
        """How many `query` has, counted no further than `most` and one more."""
        bounded = query.with_only_columns(cls.id).order_by(None).limit(most + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(bounded)) or 0

    # Helpers

    def _hold(self) -> None:
        see_anew(self, lock=True)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise Conflict("A colleague has decided this already.")

    def _holder(self) -> str:
        holder = db.session.get(User, self.claimed_by_id) if self.claimed_by_id else None
        return holder.name if holder else "A colleague"
