"""What people tell the team about, and what the team makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    and_,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from forum.accounts.models import User, Visitor
from forum.activity.models import Activity, record
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Conflict
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.words import REASONS, Moderation

MANY = 1000


class Report(db.Model):  # type: ignore[name-defined,misc]
    """Someone, with an account or without, thinks that the team should look at a post."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    reporter_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    post: Mapped[Post] = relationship(lazy="raise")
    reporter: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[reporter_id])
    closed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[closed_by_id])

    __table_args__ = (Index(None, "closed_at", "id"), Index(None, "post_id", "reporter_id"))

    @classmethod
    def make(cls, post: Post, by: User | Visitor, reason: str, detail: str) -> Report:
        """Report `post`. A person who reports it again while the first is open adds to the first."""
        who = by if isinstance(by, User) else None
        if who is not None:
            db.session.execute(select(Post.id).where(Post.id == post.id).with_for_update())
            earlier: Report | None = db.session.scalar(
                select(cls).where(cls.post_id == post.id, cls.reporter_id == who.id, cls.closed_at.is_(None))
            )
            if earlier is not None:
                earlier._add(reason, detail)
                return earlier
        report = cls(post=post, reporter=who, reason=reason, detail=detail)
        db.session.add(report)
        db.session.flush()
        record(
            "post.reported",
            by=who,
            thread=post.thread_id,
            post=post.id,
            subject=post.author_id,
            detail={"report": report.id, "reason": reason},
        )
        return report

    def close(self, by: User, note: str) -> None:
        """The team has looked; `note` says what came of it. Raises Conflict where a colleague was quicker."""
        see_anew(self, lock=True)
        if not self.is_open:
            raise Conflict("A colleague has closed this report already.")
        self.closed_at, self.closed_by_id, self.note = now(), by.id, note
        record(
            "team.report-closed",
            by=by,
            thread=self.post.thread_id,
            post=self.post_id,
            note=note,
            detail={"report": self.id, "reason": self.reason},
        )

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @classmethod
    def waiting(cls, after: int = 0) -> Select[Report]:
        """Open reports from after the one with that id, oldest first."""
        return cls.whole().where(cls.closed_at.is_(None), cls.id > after).order_by(cls.id)

    @classmethod
    def closed(cls, before: Report | None = None) -> Select[Report]:
        """Closed reports, the last closed first; with `before`, those closed before it."""
        query = cls.whole().where(cls.closed_at.is_not(None))
        if before is not None:
            query = query.where(
                cls.closed_at <= before.closed_at,
                or_(cls.closed_at < before.closed_at, cls.id < before.id),
            )
        return query.order_by(cls.closed_at.desc(), cls.id.desc())

    @classmethod
    def whole(cls) -> Select[Report]:
        """Reports, each with its post, author, thread and reporter."""
        return select(cls).options(
            joinedload(cls.reporter),
            joinedload(cls.closed_by),
            joinedload(cls.post).joinedload(Post.author),
            joinedload(cls.post).joinedload(Post.thread),
        )

    @classmethod
    def count_waiting(cls) -> int:
        """How many are open, counted no further than MANY and one more."""
        bounded = select(cls.id).where(cls.closed_at.is_(None)).limit(MANY + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(bounded)) or 0

    @classmethod
    def count_of(cls, reports: Iterable[Report]) -> dict[int, int]:
        """How many reports each post of `reports` has had, by the post's id."""
        posts = {report.post_id for report in reports}
        query = select(cls.post_id, func.count()).where(cls.post_id.in_(posts)).group_by(cls.post_id)
        return dict(db.session.execute(query).all())

    def _add(self, reason: str, detail: str) -> None:
        """More from the same person about the same post: another reason is kept as words."""
        if reason != self.reason and REASONS[reason] not in self.detail:
            detail = f"{REASONS[reason]}\n{detail}".strip()
        if detail not in self.detail:
            self.detail = f"{self.detail}\n\n{detail}".strip()


ACTS = {
    "team.post-hidden": "hid",
    "team.post-restored": "restored",
    "team.thread-hidden": "hid",
    "team.thread-restored": "restored",
    "team.thread-locked": "locked",
    "team.thread-unlocked": "unlocked",
    "team.thread-pinned": "pinned",
    "team.thread-unpinned": "unpinned",
    "team.thread-moved": "moved",
    "team.file-shown": "showed a picture or paper of",
    "team.file-refused": "refused a picture or paper of",
    "team.file-hidden": "hid a picture or paper of",
    "team.thread-merged": "merged into another thread",
    "team.report-closed": "closed a report of",
    "team.suggestion-taken-up": "took up",
    "team.answer-drafted": "drafted an answer to",
    "team.answer-read": "read the draft of an answer to",
    "team.answer-published": "published an answer to",
    "team.answer-dropped": "dropped the draft of an answer to",
    "team.telling-resumed": "had people told of an answer to",
    "team.prompt-edited": "edited the words of the prompt",
    "team.component-edited": "edited the words of the component",
    "team.made": "gave a role to",
    "team.study-marked": "gave the team’s marks to",
    "team.request-answered": "answered a request for a resource:",
    "team.resource-added": "added a resource:",
    "team.resource-changed": "said what changed because of people:",
    "team.resource-edited": "edited the facts of a resource:",
    "team.resource-retired": "retired a resource:",
    "team.resource-returned": "brought back a resource:",
    "team.search-removed": "removed words from the searches that found nothing",
}
ROLES = {"participant": "participant", "team": "team member", "administrator": "administrator"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the team's log, as a person reads it: `actor` `did` to a post, a thread, a prompt, a
    component or a person. What does not apply is None or empty."""

    id: int
    at: datetime
    actor: str | None
    did: str
    reason: str
    report: int | None
    note: str
    post: int | None
    post_number: int | None
    thread: int | None
    thread_slug: str | None
    thread_title: str | None
    prompt: Prompt | None
    came_from: Prompt | None
    component: Component | None
    person: int | None
    byline: str
    role: str

    @classmethod
    def log(cls, before: int | None = None, limit: int = 50) -> list[Line]:
        """What the team did, newest first, from before the line with that id."""
        return _lines([Activity.verb == verb for verb in ACTS], before, limit)

    @classmethod
    def of_what_is_hidden(cls, before: int | None = None, limit: int = 50) -> list[Line]:
        """The lines by which what is hidden now was hidden, newest first."""
        later = aliased(Activity)
        again = select(later.id).where(later.verb == Activity.verb, later.id > Activity.id)
        post = select(Post.id).where(Post.id == Activity.post, Post.moderation != Moderation.CLEAR)
        thread = select(Thread.id).where(Thread.id == Activity.thread, Thread.moderation != Moderation.CLEAR)
        return _lines(
            [
                and_(
                    Activity.verb == "team.post-hidden",
                    post.exists(),
                    ~again.where(later.post == Activity.post).exists(),
                ),
                and_(
                    Activity.verb == "team.thread-hidden",
                    thread.exists(),
                    ~again.where(later.thread == Activity.thread).exists(),
                ),
            ],
            before,
            limit,
        )


def _lines(kinds: list[ColumnElement[bool]], before: int | None, limit: int) -> list[Line]:
    """The newest lines of these kinds, each kind a range of the index on (verb, id). Three queries, however
    many lines there are."""
    newest = union_all(*(_newest(kind, before, limit) for kind in kinds)).subquery()
    actor, person = aliased(User), aliased(User)
    rows = db.session.execute(
        select(
            Activity, actor.name, Post.number, Post.disclosure, Thread.id, Thread.slug, Thread.title, person
        )
        .outerjoin(actor, actor.id == Activity.actor)
        .outerjoin(Post, Post.id == Activity.post)
        .outerjoin(Thread, Thread.id == Activity.thread)
        .outerjoin(person, person.id == func.coalesce(Activity.subject, Post.author_id))
        .where(Activity.id.in_(select(newest.c.id)))
        .order_by(Activity.id.desc())
        .limit(limit)
    ).all()
    prompts = {prompt.id: prompt for prompt in db.session.scalars(Prompt.in_order())}
    components = {component.slug: component for component in db.session.scalars(Component.in_order())}
    return [_line(row, prompts, components) for row in rows]


def _newest(kind: ColumnElement[bool], before: int | None, limit: int) -> Select[int]:
    query = select(Activity.id).where(kind).order_by(Activity.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Activity.id < before)
    return select(query.subquery().c.id)


def _line(row: Any, prompts: dict[int, Prompt], components: dict[str, Component]) -> Line:
    act, actor, number, disclosure, thread, slug, title, person = row
    return Line(
        id=act.id,
        at=act.at,
        actor=actor,
        did=ACTS[act.verb],
        reason=REASONS.get(act.detail.get("reason"), ""),
        report=act.detail.get("report"),
        note=act.note,
        post=act.post,
        post_number=number,
        thread=thread,
        thread_slug=slug,
        thread_title=title,
        prompt=prompts.get(act.prompt),
        came_from=prompts.get(act.detail.get("from")),
        component=components.get(act.detail.get("component")),
        person=act.subject,
        byline=person.byline(disclosure or "named") if person is not None else "",
        role=ROLES.get(act.detail.get("role"), ""),
    )
