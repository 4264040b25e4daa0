"""The public ledger: each decision without a person or a word of theirs, and the figures of a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.sql.functions import percentile_cont

from forum.core.db import db, now
from forum.core.dress import LONDON
from forum.core.freshness import Rests
from forum.discussion.models import Prompt
from forum.discussion.models.words import REASONS, URGENT
from forum.moderation.models.appeals import REVERSED, UPHELD, Appeal
from forum.moderation.models.decisions import DONE, Act, Before, Decision

TOLD = ("decision.appealed", "team.undone", "team.appeal-upheld", "team.appeal-reversed")
LAST_LINE = (
    " UNION ALL SELECT 0, 0, id, at FROM activity WHERE id = (SELECT max(id) FROM activity WHERE verb = '{}')"
)
RESTS = "SELECT max(e.version), max(e.decision), max(e.line), max(e.at) FROM (SELECT version, 0 AS decision,"
RESTS += " 0 AS line, changed_at AS at FROM conversation UNION ALL SELECT 0, id, 0, at FROM decisions"
LAST_DECISION = " WHERE id = (SELECT max(id) FROM decisions)"
RESTS += LAST_DECISION + "".join(map(LAST_LINE.format, TOLD)) + ") AS e"


def ledger_version(**_: object) -> Rests:
    """A decision is a row; an appeal and a change of mind are lines of the log. Each is the last of an index."""
    return Rests(RESTS)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. `appeal` is what became of one, if there was one."""

    id: int
    at: datetime
    prompt: str
    thing: str
    done: str
    reason: str
    appeal: str

    @classmethod
    def of_month(cls, month: Month, before: int | None, limit: int) -> list[Entry]:
        """The newest first, from before the decision with that id."""
        query = _lines().where(month.holds(Decision.at))
        return _entries(query.where(Decision.id < before) if before else query, limit)

    @classmethod
    def newest(cls, limit: int) -> list[Entry]:
        return _entries(_lines(), limit)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month as London counts it."""

    year: int
    number: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        local = at.astimezone(LONDON)
        return cls(local.year, local.month)

    @classmethod
    def named(cls, name: str) -> Month | None:
        """From "2026-11"; None where it is no month, or one that has not come yet."""
        try:
            first = date.fromisoformat(f"{name}-01")
        except ValueError:
            return None
        found = cls(first.year, first.month)
        return found if len(name) == 7 and found <= cls.of(now()) else None

    @property
    def name(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def words(self) -> str:
        return f"{date(self.year, self.number, 1):%B %Y}"

    @property
    def earlier(self) -> Month:
        before = date(self.year, self.number, 1) - timedelta(days=1)
        return Month(before.year, before.month)

    @property
    def later(self) -> Month | None:
        after = date(self.year, self.number, 1) + timedelta(days=32)
        found = Month(after.year, after.month)
        return found if found <= Month.of(now()) else None

    def holds(self, column: Any) -> ColumnElement[bool]:
        first = datetime(self.year, self.number, 1, tzinfo=LONDON)
        after = first.date() + timedelta(days=32)
        last = datetime(after.year, after.month, 1, tzinfo=LONDON)
        return and_(column >= first, column < last)


@dataclass(frozen=True, slots=True)
class OfReason:
    """The same for one reason, of what can be listed."""

    count: int
    median: int | None
    ninetieth: int | None
    appeals: int
    reversed: int

    @property
    def share_reversed(self) -> float | None:
        return 100 * self.reversed / self.appeals if self.appeals else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the team did in a month. Times are in seconds from when a thing came in to its decision; None where
    nothing was decided. What could point at a child is in `urgent` and in no list."""

    decisions: int
    held: int
    urgent: int
    median: int | None
    ninetieth: int | None
    appeals: int
    reversed: int
    reasons: dict[str, OfReason]

    @classmethod
    def of(cls, month: Month) -> Figures:
        made = Decision.undone_at.is_(None), month.holds(Decision.at)
        waits = select(Decision.waited).where(*made, Decision.waited.is_not(None))
        total, held, urgent = db.session.execute(
            select(
                func.count(),
                func.coalesce(func.sum(case((Decision.before == Before.HELD, 1), else_=0)), 0),
                func.coalesce(func.sum(case((Decision.public, 0), else_=1)), 0),
            ).where(*made)
        ).one()
        answered = (
            select(Appeal.outcome, func.count())
            .where(month.holds(Appeal.decided_at))
            .group_by(Appeal.outcome)
        )
        outcomes = dict(db.session.execute(answered).all())
        return cls(
            decisions=total,
            held=held,
            urgent=urgent,
            median=_percentile(waits, 0.5),
            ninetieth=_percentile(waits, 0.9),
            appeals=sum(outcomes.values()),
            reversed=outcomes.get(REVERSED, 0),
            reasons=_by_reason(month),
        )

    @property
    def share_reversed(self) -> float | None:
        """Of the appeals that were decided, in percent."""
        return 100 * self.reversed / self.appeals if self.appeals else None


def _by_reason(month: Month) -> dict[str, OfReason]:
    """As many queries as there are reasons, however many decisions."""
    made = Decision.undone_at.is_(None), Decision.public, month.holds(Decision.at)
    counted = select(Decision.reason, func.count()).where(*made, Decision.reason.is_not(None))
    counts = dict(db.session.execute(counted.group_by(Decision.reason)).all())
    answered = select(Decision.reason, Appeal.outcome, func.count()).join(
        Decision, Decision.id == Appeal.decision_id
    )
    answered = answered.where(month.holds(Appeal.decided_at), Decision.public)
    outcomes = {
        (reason, outcome): count
        for reason, outcome, count in db.session.execute(answered.group_by(Decision.reason, Appeal.outcome))
    }
    found = {}
    for code, label in REASONS.items():
        if code in URGENT or not counts.get(code):
            continue
        waits = select(Decision.waited).where(*made, Decision.reason == code, Decision.waited.is_not(None))
        reversed_, upheld = outcomes.get((code, REVERSED), 0), outcomes.get((code, UPHELD), 0)
        middle, most = _percentile(waits, 0.5), _percentile(waits, 0.9)
        found[label] = OfReason(counts[code], middle, most, reversed_ + upheld, reversed_)
    return found


def _lines() -> Any:
    appeal = select(func.max(Appeal.outcome)).where(Appeal.decision_id == Decision.id)
    asked = select(func.count()).where(Appeal.decision_id == Decision.id)
    return (
        select(
            Decision.id,
            Decision.at,
            Prompt.title,
            Decision.thing,
            Decision.act,
            Decision.reason,
            asked.correlate(Decision).scalar_subquery(),
            appeal.correlate(Decision).scalar_subquery(),
            Decision.reversed_at,
        )
        .outerjoin(Prompt, Prompt.id == Decision.prompt_id)
        .where(Decision.public, Decision.undone_at.is_(None))
        .order_by(Decision.id.desc())
    )


def _entries(query: Any, limit: int) -> list[Entry]:
    return [_entry(*row) for row in db.session.execute(query.limit(limit))]


def _entry(
    id: int,
    at: datetime,
    prompt: str | None,
    thing: str,
    act: str,
    reason: str | None,
    asked: int,
    outcome: str | None,
    reversed_at: datetime | None,
) -> Entry:
    appeal = ""
    if asked:
        appeal = {None: "Appeal waits", REVERSED: "Reversed on appeal"}.get(outcome, "Upheld on appeal")
    elif reversed_at is not None:
        appeal = "Reversed by the team"
    return Entry(id, at, prompt or "", thing, DONE[Act(act)], REASONS.get(reason or "", ""), appeal)


def _percentile(values: Select[int | None], share: float) -> int | None:
    """The value that this share of `values` does not exceed: the database's own, where it has one."""
    column = values.subquery().c.waited
    if db.engine.dialect.name == "postgresql":
        found = db.session.scalar(select(percentile_cont(share).within_group(column)))
    else:
        count = db.session.scalar(select(func.count()).select_from(column.table)) or 0
        place = int(share * (count - 1) + 0.5) if count else 0
        found = db.session.scalar(select(column).order_by(column).limit(1).offset(place))
    return None if found is None else int(found)
