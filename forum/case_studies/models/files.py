"""The pictures and papers of a study, or of the draft of one. Their bytes are in the storage, under what they are;
here is what belongs to them, and whether the team has looked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from blinker import Signal
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.case_studies.models.studies import CaseStudy
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict
from forum.discussion.models import Thread
from forum.discussion.models.words import REASONS, Moderation

IN_LINE = "state = 'waiting' AND thread_id IS NOT NULL"
LOOKED_AT = "looked_at IS NOT NULL"
LONGEST_ALT = 300
LONGEST_NAME = 100
MANY = 1000
Person = User | Visitor
looked = Signal(
    "the team has looked at a file: sent by the StudyFile, with who looked (`by`) and the state before (`was`)"
)

STATEMENTS = {
    "nobody": "No pupil can be identified from what I add",
    "consent": "A pupil can be identified, and the school holds consent to publish it here",
}


class FileKind(StrEnum):
    PICTURE = "picture"
    PAPER = "paper"


class State(StrEnum):
    """Has the team looked? Until it has, and where it refused, only the author and the team see the file."""

    WAITING = "waiting"
    SHOWN = "shown"
    REFUSED = "refused"


class StudyFile(db.Model):  # type: ignore[name-defined,misc]
    """A picture or a paper. It belongs to a draft (`draft_id`), and from publishing on to a study (`thread_id`);
    one whose draft was discarded belongs to neither, and is swept away.

    `source_hash` tells a second sending of the same file; `hash` is of what came of it, and goes into its address.
    `alt` is what a picture shows, for those who cannot see it, or what a paper is called. `statement` is what its
    sender said of pupils, at `stated_at`; empty until then."""

    __tablename__ = "case_study_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("drafts.id", ondelete="SET NULL"))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("case_studies.thread_id"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    source_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    alt: Mapped[str] = mapped_column(String(LONGEST_ALT), default="")
    decorative: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime] = mapped_column(Instant, default=now)
    statement: Mapped[str] = mapped_column(String(10), default="")
    stated_at: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10), default=State.WAITING)
    reason: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text, default="")
    looked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    looked_at: Mapped[datetime | None] = mapped_column(Instant)

    renditions: Mapped[list[Rendition]] = relationship(
        lazy="raise", order_by="Rendition.width", cascade="all, delete-orphan", passive_deletes=True
    )
    sender: Mapped[User] = relationship(lazy="raise", foreign_keys=[sender_id])
    looked_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[looked_by_id])
    study: Mapped[CaseStudy | None] = relationship(lazy="raise", foreign_keys=[thread_id])

    __table_args__ = (
        UniqueConstraint("draft_id", "source_hash"),
        UniqueConstraint("thread_id", "source_hash"),
        Index(
            "ix_case_study_files_looked_at",
            "state",
            "looked_at",
            "id",
            sqlite_where=text(LOOKED_AT),
            postgresql_where=text(LOOKED_AT),
        ),
        Index(
            "ix_case_study_files_waiting",
            "id",
            sqlite_where=text(IN_LINE),
            postgresql_where=text(IN_LINE),
        ),
    )

    # What the team does

    def show(self, by: User, seen: str) -> None:
        """The team has looked, and everyone may see it. `seen` is the hash of what it looked at: raises Conflict
        where that is not what is here now."""
        thread = self._hold(seen)
        if self.state == State.SHOWN:
            return
        was = self.state
        self._look(by, State.SHOWN, None, "")
        self._record("team.file-shown", by, thread, public=True)
        looked.send(self, by=by, was=was)

    def refuse(self, by: User, seen: str, reason: str, note: str = "") -> None:
        """Not to be shown, or no longer; its author is told `reason` and `note`. Raises Conflict as `show` does."""
        thread = self._hold(seen)
        if self.state == State.REFUSED:
            return
        was = self.state
        verb = "team.file-hidden" if was == State.SHOWN else "team.file-refused"
        self._look(by, State.REFUSED, reason, note)
        self._record(verb, by, thread, public=verb == "team.file-hidden", note=note, reason=reason)
        looked.send(self, by=by, was=was)

    def check(self) -> None:
        """Out of sight until the team has looked, or has looked again."""
        thread = self._hold(self.hash)
        if self.state == State.SHOWN:
            self.state, self.looked_at, self.looked_by_id = State.WAITING, None, None
            self._record("study.file-checking", None, thread, public=True)

    def show_again(self) -> None:
        """The team should not have refused it."""
        thread = self._hold(self.hash)
        if self.state == State.REFUSED:
            self.state, self.reason, self.note, self.looked_at = State.SHOWN, None, "", now()
            self._record("study.file-back", None, thread, public=True)

    def wait_again(self) -> None:
        """Back to waiting: what the team said of it has been taken back."""
        thread = self._hold(self.hash)
        if self.state != State.WAITING:
            self.state, self.reason, self.note = State.WAITING, None, ""
            self.looked_at = self.looked_by_id = None
            self._record("study.file-waits", None, thread, public=False)

    # Questions

    @property
    def is_picture(self) -> bool:
        return self.kind == FileKind.PICTURE

    @property
    def is_shown(self) -> bool:
        return self.state == State.SHOWN

    @property
    def is_refused(self) -> bool:
        return self.state == State.REFUSED

    @property
    def is_described(self) -> bool:
        """Does it say what it is, for those who cannot see it?"""
        return bool(self.alt) or (self.is_picture and self.decorative)

    @property
    def is_ready(self) -> bool:
        """May the team look at it, and then everyone?"""
        return self.is_described and bool(self.statement)

    @property
    def title(self) -> str:
        """What to call it in a list."""
        return self.alt or self.name

    @property
    def said(self) -> str:
        """What is said of it."""
        return "Decorative" if self.is_picture and self.decorative else self.alt or "Not described yet"

    @property
    def why(self) -> str:
        """Why the team does not show it, in the middle of a sentence."""
        return REASONS.get(self.reason or "", REASONS["other"]).lower()

    @property
    def address(self) -> str:
        """Of a picture without its width, or of a paper without its ending."""
        return f"/files/{self.id}-{self.hash[:32]}"

    @property
    def url(self) -> str:
        """Of the paper, or of the picture in its greatest width."""
        return f"{self.address}-{self.widest.width}.webp" if self.is_picture else f"{self.address}.pdf"

    @property
    def widest(self) -> Rendition:
        return self.renditions[-1]

    # Queries

    @classmethod
    def public(cls) -> ColumnElement[bool]:
        """Of a file joined with its study: may everyone see it?"""
        return and_(cls.state == State.SHOWN, CaseStudy.listed)

    @classmethod
    def seen_by(cls, user: Person) -> ColumnElement[bool]:
        """Of a file joined with its study and thread. A draft is its author's alone."""
        if user.is_team:
            own = or_(cls.thread_id.is_not(None), cls.sender_id == user.id)
        elif user.is_signed_in:
            unhidden = or_(cls.thread_id.is_(None), Thread.moderation == Moderation.CLEAR)
            own = and_(cls.sender_id == user.id, unhidden)
        else:
            own = false()
        return or_(cls.public(), own)

    @classmethod
    def asked(cls, user: Person, id: int, width: int) -> Select[StudyFile, Rendition, bool]:
        """One rendition of a file that `user` may see: the file, the rendition, and whether everyone may."""
        return (
            select(cls, Rendition, cls.public())
            .join(Rendition, and_(Rendition.file_id == cls.id, Rendition.width == width))
            .outerjoin(CaseStudy, CaseStudy.thread_id == cls.thread_id)
            .outerjoin(Thread, Thread.id == cls.thread_id)
            .where(cls.id == id, cls.seen_by(user))
        )

    @classmethod
    def waiting(cls, after: int = 0) -> Select[StudyFile]:
        """What the team has to look at, from after the one with that id, oldest first."""
        return cls.whole().where(*_to_look_at(), cls.id > after).order_by(cls.id)

    @classmethod
    def looked_at_already(cls, state: State, before: StudyFile | None = None) -> Select[StudyFile]:
        """What the team has shown or refused, the last look first; with `before`, those before it."""
        query = cls.whole().where(cls.state == state, cls.looked_at.is_not(None))
        if before is not None:
            earlier = or_(cls.looked_at < before.looked_at, cls.id < before.id)
            query = query.where(cls.looked_at <= before.looked_at, earlier)
        return query.order_by(cls.looked_at.desc(), cls.id.desc())

    @classmethod
    def whole(cls) -> Select[StudyFile]:
        """Files of studies, each with renditions, sender, who looked, and its study's thread."""
        return (
            select(cls)
            .join(CaseStudy, CaseStudy.thread_id == cls.thread_id)
            .options(
                selectinload(cls.renditions),
                joinedload(cls.sender),
                joinedload(cls.looked_by),
                joinedload(cls.study).joinedload(CaseStudy.thread),
            )
        )

    @classmethod
    def waiting_among(cls, ids: Collection[int], threads: Collection[int]) -> Select[StudyFile]:
        """Those of these files, and of the files of these studies, that the team has to look at."""
        query = select(cls).join(CaseStudy, CaseStudy.thread_id == cls.thread_id)
        return query.where(or_(cls.id.in_(ids), cls.thread_id.in_(threads)), *_to_look_at())

    @classmethod
    def count_waiting(cls) -> int:
        """How many wait for the team, counted no further than MANY and one more."""
        query = select(cls.id).join(CaseStudy, CaseStudy.thread_id == cls.thread_id).where(*_to_look_at())
        bounded = query.limit(MANY + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(bounded)) or 0

    # Helpers

    def _hold(self, seen: str) -> Thread:
        thread = db.session.get_one(Thread, self.thread_id)
        thread.hold()
        see_anew(self)
        if self.hash != seen:
            raise Conflict("Its author has replaced this file since you opened the page. Look at it again.")
        return thread

    def _look(self, by: User, state: State, reason: str | None, note: str) -> None:
        self.state, self.reason, self.note = state, reason, note
        self.looked_by_id, self.looked_at = by.id, now()

    def _record(
        self, verb: str, by: User | None, thread: Thread, public: bool, note: str = "", reason: str = ""
    ) -> None:
        shown_anew(thread)
        detail = {"file": self.id, "kind": self.kind, **({"reason": reason} if reason else {})}
        record(
            verb,
            by=by,
            public=public,
            prompt=thread.prompt_id,
            thread=thread.id,
            subject=self.sender_id,
            note=note,
            detail=detail,
        )


class Rendition(db.Model):  # type: ignore[name-defined,misc]
    """The bytes of a file as they are served: a picture in one width, in pixels, or a paper, whose width is 0."""

    __tablename__ = "case_study_renditions"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("case_study_files.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    width: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    height: Mapped[int]
    size: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64), index=True)


def _to_look_at() -> tuple[Any, ...]:
    """Of a file joined with its study; the first in the words of the partial index."""
    waits: ColumnElement[bool] = literal_column("case_study_files.state") == literal_column("'waiting'")
    ready = and_(or_(StudyFile.alt != "", StudyFile.decorative), StudyFile.statement != "")
    return waits, StudyFile.thread_id.is_not(None), CaseStudy.listed, ready


def shown_anew(thread: Thread) -> None:
    """The thread's pages are new ones, and it knows whether it has a picture to show."""
    db.session.flush()
    shown = exists().where(
        StudyFile.thread_id == thread.id, StudyFile.state == State.SHOWN, StudyFile.kind == FileKind.PICTURE
    )
    thread.has_picture = bool(db.session.scalar(select(shown)))
    thread.touched()
