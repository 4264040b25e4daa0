"""Someone objects, and someone else decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.case_studies.models.files import StudyFile
from forum.core.db import Instant, db, now
from forum.core.errors import Conflict, Refused
from forum.discussion.models import Post
from forum.moderation.models.decisions import APPEALABLE, Act, Decision, decided
from forum.moderation.models.items import Item, Why
from forum.moderation.models.reports import Report

UPHELD, REVERSED = "upheld", "reversed"


class Appeal(db.Model):  # type: ignore[name-defined,misc]
    """An objection to a decision, once for each person whom it concerns: the one it is about, or one whose report
    was left. `outcome` says what became of the decision: upheld or reversed; `answer` is the reason given."""

    __tablename__ = "appeals"

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("queue_items.id"))
    text: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    outcome: Mapped[str | None] = mapped_column(String(10))
    answer: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    decision: Mapped[Decision] = relationship(lazy="raise")
    by: Mapped[User] = relationship(lazy="raise", foreign_keys=[by_id])

    __table_args__ = (
        UniqueConstraint("decision_id", "by_id"),
        Index(None, "by_id", "id"),
        Index(None, "item_id"),
    )

    @classmethod
    def make(cls, decision: Decision, by: User, text: str) -> Appeal:
        """Object to `decision`. The same person's second try is their first. Raises Refused where it is not theirs."""
        if not cls.open_to(decision, by):
            raise Refused(
                "You can appeal a decision about you, or about something you reported, for 60 days."
            )
        appeal = cls(decision_id=decision.id, by_id=by.id, text=text)
        try:
            with db.session.begin_nested():
                db.session.add(appeal)
        except IntegrityError:
            return db.session.scalars(
                select(cls).where(cls.decision_id == decision.id, cls.by_id == by.id)
            ).one()
        item = Item.about_appeal(appeal.id, by.id, decision.post_id, decision.prompt_id)
        db.session.flush()
        appeal.item_id = item.id
        about = {"decision": decision.id, "appeal": appeal.id}
        record("decision.appealed", by=by, prompt=decision.prompt_id, post=decision.post_id, detail=about)
        return appeal

    def decide(self, item: Item, by: User, outcome: str, answer: str) -> None:
        """Uphold or reverse the decision; `item` is the appeal's own place in the queue."""
        item.begin_deciding(by)
        decision = db.session.get_one(Decision, self.decision_id)
        if not self.decidable_by(by):
            raise Refused("Someone else than the one who decided must decide the appeal.")
        if self.outcome is not None:
            raise Conflict("A colleague has decided this appeal already.")
        self.outcome, self.answer, self.decided_at, self.decided_by_id = outcome, answer, now(), by.id
        item.close()
        about = {"decision": decision.id, "appeal": self.id}
        record(
            f"team.appeal-{outcome}",
            by=by,
            prompt=decision.prompt_id,
            post=decision.post_id,
            note=answer,
            detail=about,
        )
        if outcome == REVERSED and decision.stands:
            if decision.act in (Act.LEAVE, Act.NOTE):
                decision.reversed_at, decision.reversed_by_id, decision.reversed_why = now(), by.id, answer
                _act_after_all(decision, by, _reported_for(decision, self.by_id), answer)
            else:
                decision.reverse(by, answer)
        decided.send(decision, appeal=self)

    def decidable_by(self, user: User) -> bool:
        decision = db.session.get_one(Decision, self.decision_id)
        return user.is_team and user.id not in (self.by_id, decision.by_id, decision.person_id)

    @classmethod
    def open_to(cls, decision: Decision, user: User) -> bool:
        """The one it is about may object to what was decided against them; a reporter to a report that was left."""
        if not decision.stands or now() - decision.at > APPEALABLE:
            return False
        if decision.person_id == user.id:
            return decision.is_against
        return decision.act in (Act.LEAVE, Act.NOTE) and Report.by_for(user.id, decision.item_id) is not None

    @classmethod
    def by_person(cls, person: User) -> Select[Appeal]:
        query = select(cls).where(cls.by_id == person.id).order_by(cls.id.desc())
        return query.options(joinedload(cls.decision))


def _act_after_all(left: Decision, by: User, reason: str, answer: str) -> None:
    """What was left should not have been: it goes out of sight, or waits for the team once more."""
    if left.post_id is not None:
        Decision.of_post(db.session.get_one(Post, left.post_id), by, Act.HIDE, reason, answer)
    elif left.file_id is not None:
        file = db.session.get_one(StudyFile, left.file_id)
        file.refuse(by, file.hash, reason, answer)
    elif left.person_id is not None:
        Item.about_person(db.session.get_one(User, left.person_id), Why.REPORT, reason)


def _reported_for(decision: Decision, reporter: int) -> str:
    report = Report.by_for(reporter, decision.item_id)
    return report.reason if report else "other"
