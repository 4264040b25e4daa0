"""How many said what, kept while people say it: no page ever counts reviews."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ForeignKey, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import db
from forum.resources.models.words import HAS_HELPED, HELPED

ALL = "all"
COLUMNS = {
    "great-deal": "great_deal",
    "somewhat": "somewhat",
    "not-much": "not_much",
    "not-at-all": "not_at_all",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of people. Whoever has used a resource has heard of it, and has said how much it helped."""

    answered: int = 0
    heard: int = 0
    used: int = 0
    great_deal: int = 0
    somewhat: int = 0
    not_much: int = 0
    not_at_all: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, name) + getattr(other, name) for name in NAMES))

    @property
    def helped(self) -> int:
        return sum(getattr(self, COLUMNS[each]) for each in HAS_HELPED)

    @property
    def how_much(self) -> list[tuple[str, int]]:
        return [(label, getattr(self, COLUMNS[key])) for key, label in HELPED.items()]

    @classmethod
    def of_one(cls, known: str, helped: str | None) -> Figures:
        """One person's answer."""
        how_much = {COLUMNS[helped]: 1} if helped else {}
        return cls(answered=1, heard=int(known != "never"), used=int(known == "used"), **how_much)


NAMES = tuple(field.name for field in fields(Figures))


class ReviewCount(db.Model):  # type: ignore[name-defined,misc]
    """The figures of one group of those who reviewed a resource: `key` is a position, a phase or a month ("2026-11"),
    as `by` says; empty where the person gave none."""

    __tablename__ = "review_counts"

    resource_id: Mapped[int] = mapped_column(
        ForeignKey("resources.id"), primary_key=True, autoincrement=False
    )
    by: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    answered: Mapped[int] = mapped_column(default=0)
    heard: Mapped[int] = mapped_column(default=0)
    used: Mapped[int] = mapped_column(default=0)
    great_deal: Mapped[int] = mapped_column(default=0)
    somewhat: Mapped[int] = mapped_column(default=0)
    not_much: Mapped[int] = mapped_column(default=0)
    not_at_all: Mapped[int] = mapped_column(default=0)

    @classmethod
    def count(cls, resource: int, said: Figures, groups: dict[str, str], sign: int) -> None:
        """Add one person's answer (`sign` 1), or take it out again (-1). The resource's thread is held."""
        change = {name: sign * getattr(said, name) for name in NAMES}
        connection = db.session.connection()
        for by, key in {ALL: "", **groups}.items():
            group = {"resource": resource, "group": by, "which": key}
            if not connection.execute(CHANGED, {**group, **change}).rowcount:
                connection.execute(MADE, {"resource_id": resource, "by": by, "key": key, **change})

    @classmethod
    def figures(cls, resource: int) -> dict[str, dict[str, Figures]]:
        """The figures of a resource: by -> key -> figures. The months come in order."""
        found: dict[str, dict[str, Figures]] = {}
        for by, key, *figures in db.session.connection().execute(OF_ONE, {"resource": resource}):
            found.setdefault(by, {})[key] = Figures(*figures)
        return found

    @classmethod
    def of_all(cls, resources: Iterable[int]) -> dict[int, Figures]:
        """The figures of each of `resources` as a whole."""
        rows = db.session.connection().execute(OF_MANY, {"resources": list(resources)})
        return {id: Figures(*figures) for id, *figures in rows}


COUNTS: Any = ReviewCount.__table__
GROUP = (
    (COUNTS.c.resource_id == bindparam("resource"))
    & (COUNTS.c.by == bindparam("group"))
    & (COUNTS.c.key == bindparam("which"))
)
CHANGED = update(COUNTS).where(GROUP).values({name: COUNTS.c[name] + bindparam(name) for name in NAMES})
MADE = insert(COUNTS)
OF_ONE = (
    select(COUNTS.c.by, COUNTS.c.key, *(COUNTS.c[name] for name in NAMES))
    .where(COUNTS.c.resource_id == bindparam("resource"))
    .order_by(COUNTS.c.by, COUNTS.c.key)
)
OF_MANY = select(COUNTS.c.resource_id, *(COUNTS.c[name] for name in NAMES)).where(
    COUNTS.c.resource_id.in_(bindparam("resources", expanding=True)), COUNTS.c.by == ALL
)
