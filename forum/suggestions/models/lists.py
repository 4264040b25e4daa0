"""What the pages of suggestions list: rows as they are shown, each list a range of an index, or a bounded part of
one that is then narrowed. Nothing here can leave out what is overdue but its being hidden from everyone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select, union_all

from forum.accounts.models import User, byline
from forum.core.db import db
from forum.core.paging import PER_PAGE
from forum.core.working_time import between, today
from forum.discussion.models import Thread, ThreadComponent, listed
from forum.discussion.models.lists import LAST_PAGE, OPENING, components_of
from forum.discussion.models.words import Moderation
from forum.suggestions.models.composition import date_label
from forum.suggestions.models.outcomes import COLOURS, KEPT, PROMISED, REASONS, REFUSED, STATUSES, Status
from forum.suggestions.models.steps import Step
from forum.suggestions.models.suggestions import IS_PROMISED, Suggestion

SHOWS = {
    "supported": "Most supported",
    "newest": "Newest",
    "waiting": "Waiting longest for an answer",
    "overdue": "Overdue",
    "answered": "Latest answers",
}
GROUPS = {
    "": "Promised and done",
    "promised": "Promised, the nearest date first",
    "late": "Late",
    "done": "Done",
    "other": "Other answers: no, not ours, or there already",
}
IN_GROUP: dict[str, tuple[Status, ...]] = {
    "": (*PROMISED, *KEPT),
    "done": KEPT,
    "other": (*REFUSED, Status.EXISTS),
}
LOOKED_THROUGH = LAST_PAGE * PER_PAGE
COUNTED = 1000
S = Suggestion
ONE: Any = literal_column("1")

# As a scalar query it is looked up for each suggestion along the list's own index, and nothing is gathered first.
IS_SHOWN: ColumnElement[bool] = (
    select(ONE).where(Thread.id == S.thread_id, listed()).correlate(S).scalar_subquery() == ONE
)


@dataclass(slots=True)
class SuggestionRow:
    """A suggestion as a list shows it."""

    id: int
    title: str
    url: str
    created_at: datetime
    posts_count: int
    status: str
    owner: str | None
    due_on: date | None
    reason: str | None
    supporters: int
    steps: int
    owed_since: datetime | None
    owed_on: date | None
    answered_at: datetime | None
    stepped_at: datetime | None
    byline: str
    components: list[str]

    @property
    def label(self) -> str:
        return STATUSES[self.status]

    @property
    def colour(self) -> str:
        return COLOURS[self.status]

    @property
    def because(self) -> str:
        return REASONS.get(self.reason or "", "")

    @property
    def date_label(self) -> str:
        return date_label(self.status)

    @property
    def is_overdue(self) -> bool:
        return self.owed_on is not None and self.owed_on < today()

    @property
    def is_late(self) -> bool:
        return self.status in PROMISED and self.due_on is not None and self.due_on < today()

    @property
    def days_late(self) -> int:
        """In working days, since an answer was owed, or since what was promised was due."""
        last = self.owed_on if self.is_overdue else self.due_on
        return between(last, today()) if last is not None else 0


ROWS = (
    select(
        Thread.id,
        Thread.title,
        Thread.slug,
        Thread.created_at,
        Thread.posts_count,
        S.status,
        S.owner,
        S.due_on,
        S.reason,
        S.supporters,
        S.steps,
        S.owed_since,
        S.owed_on,
        S.answered_at,
        S.stepped_at,
        User.name,
        User.position,
        User.phase,
        User.school,
        User.role,
        OPENING.disclosure,
    )
    .select_from(S)
    .join(Thread, Thread.id == S.thread_id)
    .join(User, User.id == Thread.author_id)
    .join(OPENING, (OPENING.thread_id == Thread.id) & (OPENING.number == 1))
)
OF_IT = 15  # columns, and then its author's


def suggestion_rows(ids: list[int]) -> list[SuggestionRow]:
    """Rows for these threads, in this order: two queries, however many."""
    if not ids:
        return []
    found: dict[int, Any] = {row[0]: row for row in db.session.execute(ROWS.where(Thread.id.in_(ids)))}
    carried = components_of(ids)
    rows = []
    for id in ids:
        if id in found:
            _, title, slug, *facts = found[id][:OF_IT]
            by, components = byline(*found[id][OF_IT:]), [each.name for each in carried.get(id, [])]
            rows.append(SuggestionRow(*(id, title, f"/threads/{id}-{slug}", *facts, by, components)))
    return rows


@dataclass(frozen=True)
class Listing:
    """A list of suggestions: one of SHOWS, narrowed to a component and a status."""

    show: str = "supported"
    component: int | None = None
    status: str | None = None

    def ids(self) -> Select[int]:
        """The ids, in order. A component is looked for among the first LOOKED_THROUGH of the list; so is a status
        where no index has the two."""
        wanted, order = self._list()
        query = select(S.thread_id).where(*wanted)
        direct = self.show in ("supported", "newest")
        if self.status is not None and direct:
            query = query.where(S.status == self.status)
        if self.component is not None or (self.status is not None and not direct):
            first = query.order_by(*order).limit(LOOKED_THROUGH).subquery()
            query = select(S.thread_id).where(S.thread_id.in_(select(first.c.thread_id)))
            if self.status is not None:
                query = query.where(S.status == self.status)
            if self.component is not None:
                query = query.where(_carries(self.component))
        return query.where(IS_SHOWN).order_by(*order)

    def page(self, number: int) -> list[SuggestionRow]:
        wanted = self.ids().limit(PER_PAGE).offset((number - 1) * PER_PAGE)
        return suggestion_rows(list(db.session.scalars(wanted)))

    def count(self) -> int:
        """How many there are, counted no further than the last page that is offered and one more."""
        return _counted(self.ids(), LOOKED_THROUGH)

    def _list(self) -> tuple[list[ColumnElement[bool]], list[Any]]:
        if self.show == "newest":
            return [], [S.thread_id.desc()]
        if self.show == "waiting":
            return [S.owed_on.is_not(None)], [S.owed_on, S.thread_id]
        if self.show == "overdue":
            return [S.owed_on < today()], [S.owed_on, S.thread_id]
        if self.show == "answered":
            return [S.answered_at.is_not(None)], [S.answered_at.desc(), S.thread_id.desc()]
        return [], [S.supporters.desc(), S.thread_id.desc()]


def _carries(component: int) -> ColumnElement[bool]:
    here = (ThreadComponent.thread_id == S.thread_id, ThreadComponent.component_id == component)
    found: ColumnElement[bool] = select(ONE).where(*here).correlate(S).scalar_subquery() == ONE
    return found


@dataclass(frozen=True)
class Answered:
    """A list of answered suggestions: one of GROUPS."""

    group: str = ""

    def ids(self, last: int) -> Select[int]:
        """The first `last` ids, in order: the nearest date first for what is promised, else the latest news first."""
        if self.group in ("promised", "late"):
            query = select(S.thread_id).where(IS_PROMISED, IS_SHOWN)
            if self.group == "late":
                query = query.where(S.due_on < today())
            return query.order_by(S.due_on, S.thread_id).limit(last)
        newest = union_all(*(self._newest(status, last) for status in IN_GROUP[self.group])).subquery()
        order = (newest.c.stepped_at.desc(), newest.c.thread_id.desc())
        return select(newest.c.thread_id).order_by(*order).limit(last)

    def page(self, number: int) -> list[SuggestionRow]:
        wanted = self.ids(number * PER_PAGE).offset((number - 1) * PER_PAGE).limit(PER_PAGE)
        return suggestion_rows(list(db.session.scalars(wanted)))

    def count(self) -> int:
        return _counted(self.ids(LOOKED_THROUGH + 1), LOOKED_THROUGH)

    def _newest(self, status: Status, last: int) -> Select[Any]:
        query = (
            select(S.stepped_at, S.thread_id)
            .where(S.status == status, IS_SHOWN)
            .order_by(S.stepped_at.desc(), S.thread_id.desc())
            .limit(last)
        )
        return select(query.subquery())


@dataclass(frozen=True)
class Standing:
    """How the site keeps its word; counted no further than COUNTED and one more. `hidden` are those that are owed an
    answer, or late, while the team hides their thread: nobody sees them, but they are counted."""

    overdue: int
    waiting: int
    answered: int
    hidden: int

    @classmethod
    def now(cls) -> Standing:
        shown = select(S.thread_id).where(IS_SHOWN)
        late = (
            select(S.thread_id)
            .where(S.owed_on < today())
            .union_all(select(S.thread_id).where(IS_PROMISED, S.due_on < today()))
        )
        first = late.limit(LOOKED_THROUGH).subquery()
        hidden = select(Thread.id).where(Thread.id.in_(select(first.c.thread_id)))
        return cls(
            _counted(shown.where(S.owed_on < today())),
            _counted(shown.where(S.owed_on.is_not(None))),
            _counted(shown.where(S.answered_at.is_not(None))),
            _counted(hidden.where(Thread.moderation != Moderation.CLEAR)),
        )


def overdue(limit: int) -> list[SuggestionRow]:
    """What has waited too long, the longest first."""
    return suggestion_rows(list(db.session.scalars(Listing("overdue").ids().limit(limit))))


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer, or what came after it, in one line."""

    title: str
    url: str
    status: str
    owner: str
    published_at: datetime

    @property
    def label(self) -> str:
        return STATUSES[self.status]

    @property
    def colour(self) -> str:
        return COLOURS[self.status]


def latest_answers(limit: int) -> list[AnswerRow]:
    """The last that were published on the whole site and are shown."""
    rows = db.session.execute(
        select(Thread.title, Thread.id, Thread.slug, Step.status, Step.owner, Step.published_at)
        .select_from(Step)
        .join(Thread, Thread.id == Step.thread_id)
        .where(Step.status != Status.CONSIDERED, listed())
        .order_by(Step.id.desc())
        .limit(limit)
    )
    return [
        AnswerRow(title, f"/threads/{id}-{slug}", status, owner, at)
        for title, id, slug, status, owner, at in rows
    ]


def _counted(query: Select[Any], most: int = COUNTED) -> int:
    bounded = query.order_by(None).limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(bounded)) or 0
