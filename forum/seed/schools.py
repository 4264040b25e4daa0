"""The register of schools, brought in from its file.

The file is read twice: once to see that it is the register and what it would change, and then to change it, in
batches that are each committed. So a file that is refused changes nothing, people can write on the site meanwhile,
and a run that was stopped half-way is finished by running it again. No school is ever deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select

from forum.accounts.models import School
from forum.activity.models import record
from forum.core.db import db, now
from forum.seed.register import BadRow, NotARegister, Row, rows_of

BATCH = 500
FEW = 20  # so many schools may close at once in any register; in a large one, a tenth of them
COLUMNS = ("name", "local_authority", "type", "phase", "town", "postcode", "constituency", "closed_on")


@dataclass
class Load:
    """One run: look(), which raises NotARegister where the file is refused, then take(). Tells `report` of each row
    that is left out: the number of its line and the reason. A `part` of the register closes no school that it does
    not name; a whole one closes those, a few at a time unless `many` may close."""

    report: Callable[[int, str], object]
    part: bool = False
    many: bool = False
    good: int = 0
    done: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)

    def look(self, lines: Iterable[bytes]) -> Iterator[None]:
        """Read the file and change nothing. Yields after each row."""
        for number, row in rows_of(lines):
            if isinstance(row, BadRow):
                self.bad[str(row).partition(":")[0]] += 1
                self.report(number, str(row))
                self.seen.update([row.urn] if row.urn else [])
            else:
                self.good += 1
                self.seen.add(row.urn)
            yield
        self._check()

    def take(self, lines: Iterable[bytes]) -> Iterator[None]:
        """Bring the file in. Yields after each batch, which is committed by then."""
        rows = (row for _, row in rows_of(lines) if isinstance(row, Row))
        while batch := list(islice(rows, BATCH)):
            self._put(batch)
            yield
        missing = [] if self.part else self._missing()
        for start in range(0, len(missing), BATCH):
            School.close(missing[start : start + BATCH], now().date(), _later())
            db.session.commit()
            yield
        self.done["closed"] += len(missing)
        if self.done.total():
            School.settle()
            record("schools.loaded", detail={**self.done, "left out": self.bad.total()})
            db.session.commit()

    def summary(self) -> Iterator[str]:
        """What was done, in lines for a person."""
        same = self.good - self.done["added"] - self.done["changed"]
        yield (
            f"{self.good:,} schools read: {self.done['added']:,} added, {self.done['changed']:,} changed, "
            f"{same:,} as they were."
        )
        yield f"{self.done['closed']:,} schools that are no longer in the register are marked as closed."
        for why, count in sorted(self.bad.items()):
            yield f"Left out: {count:,}: {why}."

    def _check(self) -> None:
        """Raises NotARegister where what was read cannot be meant."""
        if self.bad.total() > self.good:
            raise NotARegister(f"Only {self.good:,} of {self.good + self.bad.total():,} rows could be read.")
        if not self.good:
            raise NotARegister("There is no school in the file.")
        if self.part or self.many:
            return
        known = len(list(db.session.scalars(_open())))
        closing = len(self._missing())
        db.session.rollback()
        if closing > max(FEW, known // 10):
            raise NotARegister(
                f"{closing:,} of {known:,} open schools are not in this file. If it is a part of the register, "
                "say --part; if they have closed, say --many-closed."
            )

    def _missing(self) -> list[int]:
        """The ids of the open schools that the file does not name."""
        return [id for id, urn in db.session.execute(_open()) if urn not in self.seen]

    def _put(self, batch: list[Row]) -> None:
        """Add and change what `batch` says otherwise than the database, and commit."""
        found = db.session.execute(
            select(School.urn, School.id, *(getattr(School, name) for name in COLUMNS)).where(
                School.urn.in_([row.urn for row in batch])
            )
        )
        there = {urn: (id, dict(zip(COLUMNS, rest, strict=True))) for urn, id, *rest in found}
        at = _later()
        rows: list[dict[str, Any]] = []
        for row in batch:
            id, before = there.get(row.urn, (None, {}))
            fields = dict(row.fields)
            if row.is_closed and fields["closed_on"] is None:
                fields["closed_on"] = before.get("closed_on") or now().date()
            if id is None:
                self.done["added"] += 1
                rows.append(fields)
            elif any(fields[name] != before[name] for name in COLUMNS):
                self.done["changed"] += 1
                rows.append({"id": id, **fields})
        if rows:
            School.put(rows, at)
            db.session.commit()
        else:
            db.session.rollback()


def _open() -> Any:
    return select(School.id, School.urn).where(School.closed_on.is_(None))


def _later() -> datetime:
    """Now, and in any case later than any load before."""
    last = School.last_loaded()
    return now() if last is None else max(now(), last + timedelta(microseconds=1))
