"""What people tell the team about."""

from __future__ import annotations

from datetime import datetime

from blinker import Signal
from sqlalchemy import ForeignKey, Index, Select, String, Text, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.case_studies.models.files import StudyFile
from forum.core.db import Instant, db, now
from forum.core.errors import Refused
from forum.discussion.models import Post
from forum.discussion.models.words import REASONS, URGENT
from forum.moderation.models.items import Item, Why

alarming = Signal("what may harm a child was reported: sent by the Report")


class Report(db.Model):  # type: ignore[name-defined,misc]
    """Someone, with an account or without, thinks that the team should look at a post, a picture or a person's page.
    One for each person and item: a second try adds to the first. `reporter_key` tells people apart: their number, or of
    visitors a digest of where they came from that day. `email` is where a visitor wants to hear what came of it."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("queue_items.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("case_study_files.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reporter_key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str | None] = mapped_column(String(320))
    reason: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    told_at: Mapped[datetime | None] = mapped_column(Instant)

    item: Mapped[Item] = relationship(lazy="raise")
    post: Mapped[Post | None] = relationship(lazy="raise")
    file: Mapped[StudyFile | None] = relationship(lazy="raise")
    person: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[person_id])
    reporter: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[reporter_id])

    __table_args__ = (
        UniqueConstraint("item_id", "reporter_key"),
        Index(None, "reporter_id", "id"),
        Index(None, "post_id", "id"),
    )

    @classmethod
    def of_post(
        cls, post: Post, by: User | Visitor, reason: str, detail: str, key: str = "", email: str | None = None
    ) -> Report:
        """Report `post`. What may harm a child is out of sight at once. `key` tells visitors apart."""
        item = Item.about_post(post, Why.REPORT, reason)
        report = cls._made(item, by, reason, detail, key, email, post_id=post.id)
        if reason in URGENT:
            post.check()
            alarming.send(report)
        return report

    @classmethod
    def of_file(
        cls,
        file: StudyFile,
        by: User | Visitor,
        reason: str,
        detail: str,
        key: str = "",
        email: str | None = None,
    ) -> Report:
        """Report a picture or paper. What may harm a child is out of sight at once."""
        item = Item.about_file(file, Why.REPORT, reason)
        report = cls._made(item, by, reason, detail, key, email, file_id=file.id)
        if reason in URGENT:
            file.check()
            alarming.send(report)
        return report

    @classmethod
    def of_person(
        cls,
        person: User,
        by: User | Visitor,
        reason: str,
        detail: str,
        key: str = "",
        email: str | None = None,
    ) -> Report:
        if person.id == by.id:
            raise Refused("You cannot report yourself.")
        item = Item.about_person(person, Why.REPORT, reason)
        report = cls._made(item, by, reason, detail, key, email, person_id=person.id)
        if reason in URGENT:
            alarming.send(report)
        return report

    @classmethod
    def _made(
        cls,
        item: Item,
        by: User | Visitor,
        reason: str,
        detail: str,
        key: str,
        email: str | None,
        **about: int,
    ) -> Report:
        who = by if isinstance(by, User) else None
        db.session.flush()
        report = cls(
            item_id=item.id,
            reporter_id=who.id if who else None,
            reporter_key=f"person:{who.id}" if who else key,
            email=email,
            reason=reason,
            detail=detail,
            **about,
        )
        try:
            with db.session.begin_nested():
                db.session.add(report)
        except IntegrityError:
            first = cls.item_id == item.id, cls.reporter_key == report.reporter_key
            report = db.session.scalars(select(cls).where(*first).with_for_update()).one()
            report._add(reason, detail)
            report.email = email or report.email
            return report
        item.reports_count = Item.reports_count + 1
        record(
            "post.reported" if report.post_id else "file.reported" if report.file_id else "person.reported",
            by=who,
            post=report.post_id,
            subject=item.person_id,
            detail={"report": report.id, "reason": reason},
        )
        return report

    @classmethod
    def by_for(cls, reporter: int, item: int | None) -> Report | None:
        """The report that this person made about an item."""
        found: Report | None = db.session.scalar(
            select(cls).where(cls.item_id == item, cls.reporter_key == f"person:{reporter}")
        )
        return found

    @classmethod
    def of_item(cls, item: Item) -> Select[Report]:
        return select(cls).where(cls.item_id == item.id).order_by(cls.id).options(joinedload(cls.reporter))

    @classmethod
    def earlier(cls, item: Item) -> Select[Report]:
        """What was reported of the same thing before, newest first."""
        query = select(cls).join(Item, Item.id == cls.item_id)
        return query.where(Item.thing == item.thing, Item.id != item.id).order_by(cls.id.desc())

    @classmethod
    def made_by(cls, person: User) -> Select[Report]:
        query = select(cls).where(cls.reporter_id == person.id).order_by(cls.id.desc())
        return query.options(
            joinedload(cls.item),
            joinedload(cls.post).joinedload(Post.thread),
            joinedload(cls.file),
            joinedload(cls.person),
        )

    def _add(self, reason: str, detail: str) -> None:
        """More from the same person about the same thing: another reason is kept as words."""
        if reason != self.reason and REASONS[reason] not in self.detail:
            detail = f"{REASONS[reason]}\n{detail}".strip()
        if detail not in self.detail:
            self.detail = f"{self.detail}\n\n{detail}".strip()
