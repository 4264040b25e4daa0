"""What the team decided, about what and why: the record that letters, the ledger and appeals rest on."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from blinker import Signal
from sqlalchemy import ForeignKey, Index, Select, String, Text, select, text
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.case_studies.models.files import State, StudyFile
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import CHECKING, URGENT, Moderation
from forum.moderation.models.items import Item

UNDOABLE = timedelta(hours=1)
APPEALABLE = timedelta(days=60)

decided = Signal("a decision was made, undone or reversed: sent by the Decision")


class Act(StrEnum):
    PUBLISH = "publish"
    LEAVE = "leave"
    CHANGE = "change"
    HIDE = "hide"
    REMOVE = "remove"
    REFUSE = "refuse"
    NOTE = "note"
    WARN = "warn"
    LIMIT = "limit"
    SUSPEND = "suspend"
    BAN = "ban"


DONE = {
    Act.PUBLISH: "published",
    Act.LEAVE: "left as it is",
    Act.CHANGE: "sent back for a change",
    Act.HIDE: "hidden",
    Act.REMOVE: "removed",
    Act.REFUSE: "not shown",
    Act.NOTE: "noted",
    Act.WARN: "warned",
    Act.LIMIT: "limited",
    Act.SUSPEND: "suspended",
    Act.BAN: "banned",
}
ABOUT_POSTS = (Act.PUBLISH, Act.LEAVE, Act.CHANGE, Act.HIDE, Act.REMOVE)
ABOUT_FILES = (Act.PUBLISH, Act.LEAVE, Act.REFUSE)
LEFT = (Act.LEAVE, Act.NOTE, Act.PUBLISH)
AGAINST = (Act.CHANGE, Act.HIDE, Act.REMOVE, Act.REFUSE, Act.WARN, Act.LIMIT, Act.SUSPEND)


class Before(StrEnum):
    """How a post stood when it was decided about."""

    SHOWN = "shown"
    HELD = "held"
    CHECKED = "checked"

    @classmethod
    def of(cls, post: Post) -> Before:
        if post.is_held:
            return cls.HELD
        return cls.SHOWN if post.moderation == Moderation.CLEAR else cls.CHECKED


class Decision(db.Model):  # type: ignore[name-defined,misc]
    """One decision. `words` are for the author, `note` is the team's own. `before` is how the post stood, so that it
    can be put back. `undone_at`: by the team within the hour; `reversed_at`: later, on appeal or because the team
    thought again. `public` is false where even the line in the ledger could point at a child."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    act: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    thing: Mapped[str] = mapped_column(String(20))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("queue_items.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("case_study_files.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey("prompts.id"))
    before: Mapped[str] = mapped_column(String(10), default=Before.SHOWN)
    waited: Mapped[int | None]  # seconds from when it came into the queue
    public: Mapped[bool] = mapped_column(default=True)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reversed_at: Mapped[datetime | None] = mapped_column(Instant)
    reversed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reversed_why: Mapped[str] = mapped_column(Text, default="")

    by: Mapped[User] = relationship(lazy="raise", foreign_keys=[by_id])
    person: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[person_id])
    post: Mapped[Post | None] = relationship(lazy="raise")
    file: Mapped[StudyFile | None] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "person_id", "id"),
        Index(None, "post_id", "id"),
        Index(None, "item_id"),
        Index(None, "file_id"),
        Index(None, "at"),
        Index(
            "ix_decisions_public",
            "id",
            sqlite_where=text("public AND undone_at IS NULL"),
            postgresql_where=text("public AND undone_at IS NULL"),
        ),
    )

    # Making one

    @classmethod
    def of_item(
        cls, item: Item, by: User, act: Act, reason: str | None = None, words: str = "", note: str = ""
    ) -> Decision:
        """Decide an item about a post and close it. Raises Conflict where a colleague was quicker or holds it, Refused
        where `by` may not decide this."""
        item.begin_deciding(by)
        post = _post(item.post_id)
        decision = cls._about_post(post, by, act, reason, words, note)
        decision.item_id, decision.waited = item.id, int((now() - item.opened_at).total_seconds())
        decision.public = decision.public and item.reason not in URGENT
        item.close()
        db.session.flush()
        decided.send(decision)
        return decision

    @classmethod
    def of_post(
        cls, post: Post, by: User, act: Act, reason: str | None = None, words: str = "", note: str = ""
    ) -> Decision:
        """Decide about a post that nobody had asked about; an item that waits about it is decided with it."""
        item: Item | None = db.session.scalar(select(Item).where(Item.open_thing == f"post:{post.id}"))
        if item is not None:
            return cls.of_item(item, by, act, reason, words, note)
        _refuse_own(post, by)
        decision = cls._about_post(_post(post.id), by, act, reason, words, note)
        db.session.flush()
        decided.send(decision)
        return decision

    @classmethod
    def of_file(
        cls,
        item: Item,
        by: User,
        act: Act,
        seen: str,
        reason: str | None = None,
        words: str = "",
        note: str = "",
    ) -> Decision:
        """Decide an item about a picture or paper. `seen` is the hash of what was looked at: raises Conflict where
        its author has replaced it meanwhile, and as `of_item` does."""
        item.begin_deciding(by)
        file = db.session.get_one(StudyFile, item.file_id)
        if act == Act.REFUSE:
            file.refuse(by, seen, reason or "other", words)
        else:
            file.show(by, seen)
        if item.is_open:  # it was shown before, and stays so
            decision = cls.about_file(file, by, Act.LEAVE, Before.SHOWN, item)
            item.close()
            db.session.flush()
            decided.send(decision)
            record("team.left", by=by, prompt=item.prompt_id, thread=file.thread_id, note=note)
        else:
            last = select(cls).where(cls.item_id == item.id).order_by(cls.id.desc()).limit(1)
            decision = db.session.scalars(last).one()
        decision.note = note
        return decision

    @classmethod
    def about_file(cls, file: StudyFile, by: User, act: Act, before: Before, item: Item | None) -> Decision:
        """The record of what `by` decided about a file, with the item that waited about it."""
        decision = cls(
            by_id=by.id,
            act=act,
            reason=file.reason,
            words=file.note,
            thing=file.kind,
            file_id=file.id,
            person_id=file.sender_id,
            prompt_id=db.session.scalar(select(Thread.prompt_id).where(Thread.id == file.thread_id)),
            before=before,
            public=file.reason not in URGENT,
        )
        if item is not None:
            decision.item_id, decision.waited = item.id, int((now() - item.opened_at).total_seconds())
            decision.public = decision.public and item.reason not in URGENT
        db.session.add(decision)
        return decision

    @classmethod
    def of_person(cls, item: Item, by: User, act: Act, note: str = "") -> Decision:
        """Leave a person's page as it is, or note what was reported. See Sanction.impose for what binds them."""
        item.begin_deciding(by)
        decision = cls(by_id=by.id, act=act, note=note, thing="person", person_id=item.person_id)
        decision.item_id, decision.waited = item.id, int((now() - item.opened_at).total_seconds())
        decision.public = item.reason not in URGENT
        item.close()
        db.session.add(decision)
        db.session.flush()
        verb = "team.left" if act == Act.LEAVE else "team.noted"
        record(verb, by=by, subject=item.person_id, note=note, detail={"decision": decision.id})
        decided.send(decision)
        return decision

    @classmethod
    def _about_post(
        cls, post: Post, by: User, act: Act, reason: str | None, words: str, note: str
    ) -> Decision:
        post.hold()
        decision = cls(
            by_id=by.id,
            act=act,
            reason=reason,
            words=words,
            note=note,
            thing="case study"
            if post.opens and post.thread.kind == "case-study"
            else "thread"
            if post.opens
            else "post",
            post_id=post.id,
            person_id=post.author_id,
            prompt_id=post.prompt_id,
            before=Before.of(post),
            public=reason not in URGENT,
        )
        db.session.add(decision)
        _apply(act, post, by, reason or "other", note)
        return decision

    # Taking one back

    def undo(self, by: User) -> None:
        """A slip of the hand: within the hour the thing is back in the queue as it was. Raises Conflict or Refused."""
        self._hold()
        if not self.undoable_by(by):
            raise Refused("A decision can be undone within an hour, by someone it is not about.")
        self.undone_at, self.undone_by_id = now(), by.id
        self._put_back(by, waits=True)
        self._record("team.undone", by)

    def reverse(self, by: User, why: str) -> None:
        """The team thought again, or an appeal was right: the thing is public again."""
        self._hold()
        if not self.stands:
            raise Conflict("This decision has been taken back already.")
        if self.person_id == by.id:
            raise Refused("You cannot reverse a decision about yourself.")
        self.reversed_at, self.reversed_by_id, self.reversed_why = now(), by.id, why
        self._put_back(by, waits=False)
        self._record("team.undone", by, note=why)

    def _put_back(self, by: User, waits: bool) -> None:
        """The post as it stood, and where it `waits` again, its place in the queue."""
        if self.post_id is not None:
            post = _post(self.post_id)
            post.hold()
            if not waits or self.before == Before.SHOWN:
                post.publish(by)
            elif self.before == Before.HELD and post.is_held:
                post.wait_on()
            else:
                post.check()
        file = db.session.get(StudyFile, self.file_id) if self.file_id is not None else None
        if file is not None:
            self._put_back_file(file, by, waits)
        if waits and self.item_id is not None:
            db.session.get_one(Item, self.item_id).open_again()
        db.session.flush()
        decided.send(self)

    def _put_back_file(self, file: StudyFile, by: User, waits: bool) -> None:
        if waits and self.before != Before.SHOWN:
            file.wait_again()
        elif self.act == Act.REFUSE and file.state == State.REFUSED:
            file.show_again()

    def _record(self, verb: str, by: User, note: str = "") -> None:
        about: dict[str, Any] = {"decision": self.id, "act": self.act}
        record(
            verb,
            by=by,
            prompt=self.prompt_id,
            post=self.post_id,
            subject=self.person_id,
            note=note,
            detail=about,
        )

    def _hold(self) -> None:
        see_anew(self, lock=True)

    # Questions

    @property
    def was_held(self) -> bool:
        return self.before == Before.HELD

    @property
    def stands(self) -> bool:
        return self.undone_at is None and self.reversed_at is None

    @property
    def is_against(self) -> bool:
        """It took something from the person it is about."""
        return self.act in AGAINST

    def undoable_by(self, user: User) -> bool:
        return user.is_team and self.stands and now() - self.at < UNDOABLE and self.person_id != user.id

    # Queries

    @classmethod
    def about(cls, person: User) -> Select[Decision]:
        """What was decided about `person` and told to them, newest first."""
        told = cls.act.in_(AGAINST) | (cls.before == Before.HELD)
        query = select(cls).where(cls.person_id == person.id, cls.undone_at.is_(None), told)
        return query.order_by(cls.id.desc()).options(
            joinedload(cls.post).joinedload(Post.thread), joinedload(cls.file)
        )

    @classmethod
    def standing_against(cls, post: Post) -> Select[Decision]:
        """The last decision that keeps `post` out of sight."""
        query = select(cls).where(cls.post_id == post.id, cls.act.in_((Act.HIDE, Act.REMOVE, Act.CHANGE)))
        return (
            query.where(cls.undone_at.is_(None), cls.reversed_at.is_(None)).order_by(cls.id.desc()).limit(1)
        )

    @classmethod
    def of_items(cls, items: list[int]) -> dict[int, Decision]:
        """The last decision that was not undone about each of these items, by the item's id."""
        query = select(cls).where(cls.item_id.in_(items), cls.undone_at.is_(None)).order_by(cls.id)
        return {decision.item_id: decision for decision in db.session.scalars(query) if decision.item_id}

    @classmethod
    def ledger(cls, before: int | None = None) -> Select[Decision]:
        """What the public may read of all decisions, newest first: no person, no words."""
        query = select(cls).where(cls.public, cls.undone_at.is_(None))
        return (query.where(cls.id < before) if before else query).order_by(cls.id.desc())


def _post(id: int | None) -> Post:
    """The post with its thread and author, whoever asks."""
    query = select(Post).where(Post.id == id)
    loaded = query.options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
    found: Post = db.session.scalars(loaded).one()
    return found


def _refuse_own(post: Post, by: User) -> None:
    if post.author_id == by.id or (post.author.is_administrator and not by.is_administrator):
        raise Refused("You cannot decide about yourself or an administrator.")


def _apply(act: Act, post: Post, by: User, reason: str, note: str) -> None:
    if act == Act.HIDE:
        post.hide(by, reason, note)
    elif act == Act.REMOVE:
        post.remove(by, reason, note)
    elif act == Act.CHANGE:
        post.send_back(by, reason, note)
    elif act == Act.PUBLISH:
        post.publish(by, note)
    elif act == Act.LEAVE:
        if post.gone_reason == CHECKING or post.is_held:
            post.publish(by, note)
        else:
            record("team.left", by=by, prompt=post.prompt_id, thread=post.thread_id, post=post.id, note=note)
    else:
        raise ValueError(f"{act} is not about a post")
