"""What the team says or does to a person, for how long and why."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Post, Thread
from forum.discussion.models.words import Moderation, Publication
from forum.moderation.models.decisions import Act, Decision, decided
from forum.moderation.models.items import Item

FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    NOTE = "note"
    WARNING = "warning"
    HOLD = "hold"
    SUSPENSION = "suspension"


KINDS = {
    Kind.NOTE: "A note for the team",
    Kind.WARNING: "A warning",
    Kind.HOLD: "What they write is looked at first",
    Kind.SUSPENSION: "A suspension",
}
ACTS = {Kind.WARNING: Act.WARN, Kind.HOLD: Act.LIMIT, Kind.SUSPENSION: Act.SUSPEND}


class Sanction(db.Model):  # type: ignore[name-defined,misc]
    """A note, a warning, a hold or a suspension. Its `decision`, which a note has none of, is what the person is told
    and can appeal. `until` is None where it has no end, or where there is nothing to end."""

    __tablename__ = "sanctions"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    until: Mapped[datetime | None] = mapped_column(Instant)
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), unique=True)

    by: Mapped[User] = relationship(lazy="raise", foreign_keys=[by_id])
    decision: Mapped[Decision | None] = relationship(lazy="raise")

    __table_args__ = (Index(None, "person_id", "id"),)

    @classmethod
    def impose(
        cls,
        person: User,
        by: User,
        kind: Kind,
        *,
        reason: str | None = None,
        words: str = "",
        note: str = "",
        until: datetime | None = None,
    ) -> Sanction:
        """Say or do it, and decide with it whatever waits about the person. Raises Refused where `by` may not."""
        see_anew(person, lock=True)
        cls.must_be_allowed(person, by)
        sanction = cls(person_id=person.id, by_id=by.id, kind=kind, note=note, until=until)
        db.session.add(sanction)
        if kind in ACTS:
            sanction.decision_id = cls._decide(person, by, ACTS[kind], reason, words, note).id
        else:
            record("team.noted", by=by, subject=person.id, note=note)
        if kind == Kind.HOLD:
            person.held_until = until or FOR_GOOD
        elif kind == Kind.SUSPENSION:
            person.suspended_until = until or FOR_GOOD
        person.changed()
        return sanction

    @classmethod
    def must_be_allowed(cls, person: User, by: User) -> None:
        if person.id == by.id:
            raise Refused("You cannot do this to yourself.")
        if person.is_administrator and not by.is_administrator:
            raise Refused("Only an administrator can act on an administrator.")

    @classmethod
    def _decide(cls, person: User, by: User, act: Act, reason: str | None, words: str, note: str) -> Decision:
        decision = Decision(
            by_id=by.id, act=act, reason=reason, words=words, note=note, thing="person", person_id=person.id
        )
        item: Item | None = db.session.scalar(select(Item).where(Item.open_thing == f"person:{person.id}"))
        if item is not None:
            item.begin_deciding(by)
            decision.item_id, decision.waited = item.id, int((now() - item.opened_at).total_seconds())
            item.close()
        db.session.add(decision)
        db.session.flush()
        about = {"decision": decision.id, "reason": reason}
        record(f"team.person-{act}", by=by, subject=person.id, note=note, detail=about)
        decided.send(decision)
        return decision

    def lift(self, by: User, why: str) -> None:
        """End it before its time: its decision is reversed, and that puts the person back."""
        see_anew(self, lock=True)
        if not self.is_in_force or self.decision_id is None:
            raise Conflict("This has ended already.")
        db.session.get_one(Decision, self.decision_id).reverse(by, why)

    @property
    def is_in_force(self) -> bool:
        ended = self.until is not None and self.until <= now()
        return self.lifted_at is None and not ended and self.kind in (Kind.HOLD, Kind.SUSPENSION)

    @classmethod
    def of(cls, person: User) -> Select[Sanction]:
        query = select(cls).where(cls.person_id == person.id).order_by(cls.id.desc())
        return query.options(joinedload(cls.by), joinedload(cls.decision))

    @classmethod
    def in_force(cls, person: User, kind: Kind) -> Sanction | None:
        """The one that lasts longest, with its decision."""
        query = cls.of(person).where(cls.kind == kind, cls.lifted_at.is_(None))
        standing = [row for row in db.session.scalars(query) if row.is_in_force]
        return max(standing, key=lambda row: row.until or FOR_GOOD, default=None)


class Swept(db.Model):  # type: ignore[name-defined,misc]
    """A post that was hidden with all that its author wrote, so that just these come back together."""

    __tablename__ = "swept_posts"

    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)


def sweep(person: User, by: User, reason: str, words: str, note: str) -> Decision:
    """Hide all that `person` wrote, in one act that can be reversed as one."""
    Sanction.must_be_allowed(person, by)
    decision = Decision(
        by_id=by.id,
        act=Act.HIDE,
        reason=reason,
        words=words,
        note=note,
        thing="all by a person",
        person_id=person.id,
    )
    db.session.add(decision)
    db.session.flush()
    for post in _posts(Post.author_id == person.id, Post.publication == Publication.PUBLISHED):
        if post.moderation == Moderation.CLEAR:
            post.hide(by, reason, note)
            db.session.add(Swept(decision_id=decision.id, post_id=post.id))
    about = {"decision": decision.id, "reason": reason}
    record("team.person-swept", by=by, subject=person.id, note=note, detail=about)
    decided.send(decision)
    return decision


@decided.connect
def _put_back(decision: Decision, **_: object) -> None:
    """A decision about a person that no longer stands no longer binds them."""
    if decision.stands:
        return
    sanction = db.session.scalar(select(Sanction).where(Sanction.decision_id == decision.id))
    by = db.session.get_one(User, decision.reversed_by_id or decision.undone_by_id)
    if sanction is not None and sanction.lifted_at is None:
        sanction.lifted_at, sanction.lifted_by_id = now(), by.id
        _free(sanction)
    swept = select(Swept.post_id).where(Swept.decision_id == decision.id)
    if decision.thing == "all by a person":
        for post in _posts(Post.id.in_(swept)):
            if post.moderation == Moderation.HIDDEN:
                post.publish(by)


def _free(lifted: Sanction) -> None:
    """The person is bound by what else is in force, and by nothing more."""
    person = db.session.get_one(User, lifted.person_id)
    db.session.flush()
    for kind, column in ((Kind.HOLD, "held_until"), (Kind.SUSPENSION, "suspended_until")):
        other = Sanction.in_force(person, kind)
        setattr(person, column, (other.until or FOR_GOOD) if other else None)
    person.changed()


def _posts(*which: object) -> list[Post]:
    """In order of thread, so that two who act at once take locks in one order."""
    query = select(Post).where(*which).order_by(Post.thread_id, Post.id)  # type: ignore[arg-type]
    whole = query.options(joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
    return list(db.session.scalars(whole))
