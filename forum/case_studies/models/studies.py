"""Case studies: the record beside a thread, and every earlier version of it. What a study says is a post too,
composed of the same fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from markupsafe import Markup
from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    String,
    Text,
    select,
    text,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from forum.accounts.models import User, Visitor
from forum.activity.models import record
from forum.case_studies.models.facts import COLUMNS, SETTING, Answers, whole
from forum.case_studies.models.helped import HelpedBy, Resource, resources_of, resources_with
from forum.case_studies.models.scales import LICENCE_TEXTS, MARKS
from forum.case_studies.models.story import Composed, composed
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Refused
from forum.core.markup import SafeHTML
from forum.discussion.models import Component, Post, Prompt, Thread
from forum.discussion.models.lists import components_of
from forum.discussion.models.words import Kind, Moderation

PROMPT = "your-practice"
CLEAR = Moderation.CLEAR
Person = User | Visitor
FACETS = (
    "phase", "region", "school_type", "cost_band", "effect_mark", "cost_mark", "evidence_mark", "tried_count",
    "renewal_asked_at", "component_bits",
)  # fmt: skip


def _shown(*columns: str, name: str) -> Index:
    """An index of the studies that a list shows, and of no other. SQLite reads it alone only if `listed` is in it."""
    return Index(name, *columns, "listed", sqlite_where=text("listed = 1"), postgresql_where=text("listed"))


class CaseStudy(db.Model):  # type: ignore[name-defined,misc]
    """What one school did, as data, beside thread `thread_id`.

    `listed` says that thread and opening post are both shown; `component_bits` is a set of bits, 1 << component id;
    the counts are of trials that are shown; `place` is the thread's. All four are kept in the transaction that changes
    them, so that a library of any size reads them from indexes. `renewal_asked_at` is set while the study waits to be
    confirmed anew. The wide columns come last: a row is then read as far as it is needed."""

    __tablename__ = "case_studies"

    thread_id: Mapped[int] = mapped_column(ForeignKey("threads.id"), primary_key=True, autoincrement=False)
    listed: Mapped[bool] = mapped_column(default=True)
    place: Mapped[int | None]
    component_bits: Mapped[int] = mapped_column(BigInteger, default=0)
    adapted_from: Mapped[int | None] = mapped_column(ForeignKey("threads.id"))
    confirmed_at: Mapped[datetime] = mapped_column(Instant, default=now)
    renewal_asked_at: Mapped[datetime | None] = mapped_column(Instant)

    phase: Mapped[str] = mapped_column(String(20))
    school: Mapped[str] = mapped_column(String(160), default="")
    school_type: Mapped[str] = mapped_column(String(20), default="")
    school_size: Mapped[str] = mapped_column(String(20), default="")
    region: Mapped[str] = mapped_column(String(30), default="")
    time_band: Mapped[str] = mapped_column(String(20))
    cost_band: Mapped[str] = mapped_column(String(20))

    effect_mark: Mapped[int] = mapped_column(SmallInteger)
    cost_mark: Mapped[int] = mapped_column(SmallInteger)
    evidence_mark: Mapped[int] = mapped_column(SmallInteger)
    team_effect_mark: Mapped[int | None] = mapped_column(SmallInteger)
    team_cost_mark: Mapped[int | None] = mapped_column(SmallInteger)
    team_evidence_mark: Mapped[int | None] = mapped_column(SmallInteger)
    team_marked_at: Mapped[datetime | None] = mapped_column(Instant)

    tried_count: Mapped[int] = mapped_column(default=0)
    tried_same: Mapped[int] = mapped_column(default=0)
    tried_partly: Mapped[int] = mapped_column(default=0)
    tried_not: Mapped[int] = mapped_column(default=0)
    tried_early: Mapped[int] = mapped_column(default=0)

    quote: Mapped[bool] = mapped_column(default=False)
    licence: Mapped[str] = mapped_column(String(20), default="")
    contact: Mapped[bool] = mapped_column(default=False)

    pupils: Mapped[str] = mapped_column(Text, default="")
    effect_reason: Mapped[str] = mapped_column(Text, default="")
    cost_reason: Mapped[str] = mapped_column(Text, default="")
    evidence_reason: Mapped[str] = mapped_column(Text, default="")
    team_effect_reason: Mapped[str] = mapped_column(Text, default="")
    team_cost_reason: Mapped[str] = mapped_column(Text, default="")
    team_evidence_reason: Mapped[str] = mapped_column(Text, default="")
    time_words: Mapped[str] = mapped_column(Text, default="")
    cost_words: Mapped[str] = mapped_column(Text, default="")
    aims: Mapped[str] = mapped_column(Text, default="")
    start: Mapped[str] = mapped_column(Text, default="")
    did: Mapped[str] = mapped_column(Text, default="")
    happened: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    not_worked: Mapped[str] = mapped_column(Text, default="")
    advice: Mapped[str] = mapped_column(Text, default="")
    story: Mapped[Markup] = mapped_column(SafeHTML)

    thread: Mapped[Thread] = relationship(lazy="raise", foreign_keys=[thread_id])

    __table_args__ = (
        Index(None, "adapted_from"),
        Index(None, "confirmed_at"),
        _shown("confirmed_at", "thread_id", name="ix_case_studies_latest"),
        _shown("tried_count", "thread_id", name="ix_case_studies_tried"),
        _shown("thread_id", *FACETS, name="ix_case_studies_facets"),
        Index("ix_case_studies_newest", "place", "listed", "thread_id", *FACETS),
    )  # fmt: skip

    # What people and the team do

    @classmethod
    def publish(
        cls, by: User, answers: Answers, submission: str | None = None, adapted_from: int | None = None
    ) -> CaseStudy:
        """Publish `answers` (the names of FACTS, with title and disclosure) as a study with a thread of its own;
        the same submission twice returns the first. `adapted_from` is the thread of the study that it grew from.
        Raises Refused where `by` may not post."""
        see_anew(by, lock=True)  # the person's row, then threads, then the prompt: one order of locks
        parent = db.session.get(Thread, adapted_from) if adapted_from else None
        if parent is not None:
            parent.hold()
        said = _Said.of(answers)
        prompt = db.session.scalars(select(Prompt).where(Prompt.slug == PROMPT)).one()
        thread = Thread.start(
            prompt,
            by,
            said.answers["title"],
            said.written.source,
            said.components,
            said.answers["disclosure"],
            submission,
            Kind.CASE_STUDY,
        )
        if (earlier := db.session.get(cls, thread.id)) is not None:
            return earlier
        study = cls(thread_id=thread.id, adapted_from=parent.id if parent else None)
        post = study.opening()
        study._say(said, post)
        study.listed, study.place = thread.is_listed and post.is_shown, thread.place
        db.session.add(study)
        db.session.flush()
        HelpedBy.keep(thread.id, said.resources)
        if parent is not None:
            parent.touched()
        return study

    def revise(self, by: User, answers: Answers, since: int) -> None:
        """Say it anew, keeping what was said before. Whoever does so has read all of it, and so confirms it.
        `since` is the version of the opening post that `by` began from: raises Conflict where it has changed since
        then, Refused where `by` may not edit."""
        post = self.opening()
        post.hold()
        see_anew(self)
        before, written_at = self.answers(post), post.edited_at or post.published_at
        said = _Said.of(answers)
        post.edit(
            by,
            said.written.source,
            said.answers["disclosure"],
            since,
            said.answers["title"],
            said.components,
        )
        if {**before, "disclosure": ""} != {**said.answers, "disclosure": ""}:
            post.edited_at = post.updated_at
            db.session.add(StudyRevision(thread_id=self.thread_id, answers=before, written_at=written_at))
        self._say(said, post)
        HelpedBy.keep(self.thread_id, said.resources)
        self.confirmed_at, self.renewal_asked_at = now(), None

    def confirm(self, by: User) -> None:
        """Its author says that it is still true."""
        post = self.opening()
        post.hold()
        see_anew(self)
        if not self.confirmable_by(by, post):
            raise Refused("Only its author can say that a case study is still true, while it is shown.")
        self.confirmed_at, self.renewal_asked_at = now(), None
        post.thread.touched()
        record("study.confirmed", by=by, public=True, prompt=post.prompt_id, thread=self.thread_id)

    def ask_to_renew(self) -> None:
        """It is marked until its author confirms it. The caller writes the letter."""
        self.renewal_asked_at = now()
        thread = self.opening().thread
        thread.touched()
        record("study.renewal-asked", prompt=thread.prompt_id, thread=thread.id, subject=thread.author_id)

    def mark(self, by: User, marks: Answers) -> None:
        """The team's own marks, each with its reason: `effect_mark`, `effect_reason` and so on."""
        post = self.opening()
        post.hold()
        see_anew(self)
        for mark in MARKS:
            setattr(self, f"team_{mark.name}_mark", int(marks[f"{mark.name}_mark"]))
            setattr(self, f"team_{mark.name}_reason", str(marks[f"{mark.name}_reason"]))
        self.team_marked_at = now()
        post.thread.touched()
        detail = {
            name: str(marks[name]) for mark in MARKS for name in (f"{mark.name}_mark", f"{mark.name}_reason")
        }
        record(
            "team.study-marked",
            by=by,
            public=True,
            prompt=post.prompt_id,
            thread=self.thread_id,
            subject=post.author_id,
            detail=detail,
        )

    # Questions

    def confirmable_by(self, user: Person, post: Post) -> bool:
        return post.author_id == user.id and post.is_shown and post.thread.is_listed

    def opening(self) -> Post:
        """Its opening post, with thread, prompt and author."""
        query = select(Post).where(Post.thread_id == self.thread_id, Post.number == 1)
        loads = (joinedload(Post.thread).joinedload(Thread.prompt), joinedload(Post.author))
        found: Post = db.session.scalars(query.options(*loads)).one()
        return found

    def answers(self, post: Post) -> Answers:
        """What it says, as `publish` takes it. `post` is its opening post."""
        components = components_of([self.thread_id]).get(self.thread_id, [])
        return whole(
            {
                **{name: getattr(self, name) for name in COLUMNS},
                "title": post.thread.title,
                "disclosure": post.disclosure,
                "components": [row.slug for row in components],
                "resources": [row.slug for row in resources_of(self.thread_id)],
            }
        )

    def to_adapt(self) -> Answers:
        """What another school begins from: the same parts of personalised learning, and where reuse is allowed, the
        aims and whom it was for. Never the results."""
        carried = components_of([self.thread_id]).get(self.thread_id, [])
        answers: Answers = {"components": [row.slug for row in carried]}
        if self.is_reusable:
            answers |= {"aims": self.aims, "pupils": self.pupils}
        return answers

    @property
    def setting(self) -> Answers:
        return {fact.name: getattr(self, fact.name) for fact in SETTING}

    @property
    def is_reusable(self) -> bool:
        return self.licence in LICENCE_TEXTS

    # Queries

    @classmethod
    def visible_to(cls, user: Person) -> Select[Any]:
        """The studies whose words `user` may read, each behind its opening post."""
        return (
            Post.visible_to(user)
            .join(cls, cls.thread_id == Post.thread_id)
            .where(Post.number == 1)
            .add_columns(cls)
        )

    @classmethod
    def found(cls, id: int, user: Person) -> CaseStudy | None:
        """The study beside thread `id`, with its thread and prompt, if `user` may read its words."""
        row = db.session.execute(cls.visible_to(user).where(cls.thread_id == id)).first()
        if row is None:
            return None
        post, study = row
        set_committed_value(study, "thread", post.thread)
        return cast(CaseStudy, study)

    # Helpers

    def _say(self, said: _Said, post: Post) -> None:
        for name in COLUMNS:
            setattr(self, name, said.answers[name])
        self.component_bits = sum(1 << row.id for row in said.components)
        self.story, post.html = said.written.story, said.written.html


class StudyRevision(db.Model):  # type: ignore[name-defined,misc]
    """What a study said before an edit."""

    __tablename__ = "case_study_revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("case_studies.thread_id"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    written_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "thread_id", "id"),)

    @classmethod
    def of(cls, study: CaseStudy) -> Select[StudyRevision]:
        return select(cls).where(cls.thread_id == study.thread_id).order_by(cls.id)


@dataclass(frozen=True, slots=True)
class _Said:
    """Answers made whole, with what their slugs stand for and the words composed of them."""

    answers: Answers
    components: list[Component]
    resources: list[Resource]
    written: Composed

    @classmethod
    def of(cls, answers: Answers) -> _Said:
        made = whole(answers)
        in_order = Component.in_order().where(Component.slug.in_(made["components"]))
        components, resources = list(db.session.scalars(in_order)), resources_with(made["resources"])
        made["components"] = [row.slug for row in components]
        made["resources"] = [row.slug for row in resources]
        written = composed(made, [row.name for row in components], [row.name for row in resources])
        return cls(made, components, resources, written)
