"""The team's day and week: what waits and how late it is, who is on, and a letter about the week that was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import Role, SecondFactor, User
from forum.accounts.models.second_factors import STEP
from forum.activity.models import Activity
from forum.core.db import Instant, db, now
from forum.core.dress import LONDON
from forum.moderation.models.appeals import REVERSED, Appeal
from forum.moderation.models.decisions import Decision
from forum.moderation.models.items import NEARLY, Item, Why

MANY = 1000
LATELY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is open, by band and by kind; each counted no further than MANY and one more."""

    overdue: int
    nearly: int
    recent: int
    kinds: dict[str, int]

    @classmethod
    def now(cls) -> Waiting:
        """One query, however much waits."""
        at, opened = now(), select(Item.id).where(Item.open_thing.is_not(None))
        bands = (
            opened.where(Item.due_at < at),
            opened.where(Item.due_at >= at, Item.due_at < at + NEARLY),
            opened.where(Item.due_at >= at + NEARLY),
        )
        kinds = [opened.where(Item.why == why) for why in Why]
        found = db.session.execute(select(*(_bounded(query) for query in (*bands, *kinds)))).one()
        overdue, nearly, recent, *each = found
        return cls(overdue, nearly, recent, dict(zip(map(str, Why), each, strict=True)))

    @property
    def all(self) -> int:
        return min(self.overdue + self.nearly + self.recent, MANY + 1)


def _bounded(query: Select[int]) -> Any:
    return select(func.count()).select_from(query.limit(MANY + 1).subquery()).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Colleague:
    """Someone on the team: what they hold now, and when they last did something or showed their second factor."""

    id: int
    name: str
    role: str
    holds: int
    seen: datetime | None

    @property
    def is_on(self) -> bool:
        return self.holds > 0 or (self.seen is not None and now() - self.seen < LATELY)

    @classmethod
    def all(cls) -> list[Colleague]:
        """Who is on first, then who was last; one query."""
        held = select(func.count()).where(
            Item.claimed_by_id == User.id, Item.claimed_until > now(), Item.open_thing.is_not(None)
        )
        acted = select(Activity.at).where(Activity.actor == User.id).order_by(Activity.id.desc()).limit(1)
        query = (
            select(
                User.id,
                User.name,
                User.role,
                held.correlate(User).scalar_subquery(),
                acted.correlate(User).scalar_subquery(),
                SecondFactor.last_step,
            )
            .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
            .where(User.role.in_((Role.TEAM, Role.ADMINISTRATOR)))
            .limit(200)
        )
        found = []
        for id, name, role, holds, acted_at, step in db.session.execute(query):
            signed_in = datetime.fromtimestamp(step * STEP, UTC) if step else None
            seen = max(filter(None, (acted_at, signed_in)), default=None)
            found.append(cls(id, name, role, holds, seen))
        long_ago = datetime(1, 1, 1, tzinfo=UTC)
        return sorted(found, key=lambda each: (each.is_on, each.holds, each.seen or long_ago), reverse=True)


@dataclass(frozen=True, slots=True)
class Week:
    """What came, what was decided and what was late, from a Monday to the next; and what waits at its end."""

    first: date
    came: dict[str, int]
    decisions: int
    late: int
    appeals: int
    appeals_decided: int
    reversed: int
    waiting: Waiting

    @classmethod
    def before(cls, monday: date) -> Week:
        first = monday - timedelta(days=7)
        since, until = (datetime.combine(day, time(0), LONDON) for day in (first, monday))

        def within(column: Any) -> ColumnElement[bool]:
            return and_(column >= since, column < until)

        came = select(Item.why, func.count()).where(within(Item.opened_at)).group_by(Item.why)
        late = case((Decision.at > Item.due_at, 1), else_=0)
        made = select(func.count(), func.coalesce(func.sum(late), 0)).select_from(Decision)
        made = made.outerjoin(Item, Item.id == Decision.item_id).where(
            within(Decision.at), Decision.undone_at.is_(None)
        )
        decisions, too_late = db.session.execute(made).one()
        answered = select(
            func.count(), func.coalesce(func.sum(case((Appeal.outcome == REVERSED, 1), else_=0)), 0)
        )
        decided, reversed_ = db.session.execute(answered.where(within(Appeal.decided_at))).one()
        appeals = db.session.scalar(select(func.count()).where(within(Appeal.made_at))) or 0
        counts = dict(db.session.execute(came).all())
        came_in = {str(why): counts.get(why, 0) for why in Why}
        return cls(first, came_in, decisions, too_late, appeals, decided, reversed_, Waiting.now())

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)


class WeeklyLetter(db.Model):  # type: ignore[name-defined,misc]
    """That the letter of a week is written; `week` is the Monday on which it leaves."""

    __tablename__ = "weekly_letters"

    week: Mapped[date] = mapped_column(primary_key=True)
    written_at: Mapped[datetime] = mapped_column(Instant, default=now)
