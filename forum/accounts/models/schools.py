"""The register of schools: what it says of each, and the words by which one is found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, SmallInteger, String, Text, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models.spellings import LONGEST_WORD, written_words
from forum.core.db import Instant, db

LONGEST_SHOWN = 160  # as User.school
LARGEST_URN = 9_999_999


class School(db.Model):  # type: ignore[name-defined,misc]
    """One school of the register. It stays when it closes: people may have worked there. `phase` is one of PHASES;
    `loaded_at` is when a load last changed this row; `words` is what find() compares: " st saint marys … ls14ab "."""

    __tablename__ = "schools"

    id: Mapped[int] = mapped_column(primary_key=True)
    urn: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(200))
    local_authority: Mapped[str | None] = mapped_column(String(100))
    type: Mapped[str | None] = mapped_column(String(100))
    phase: Mapped[str | None] = mapped_column(String(20))
    town: Mapped[str | None] = mapped_column(String(100))
    postcode: Mapped[str | None] = mapped_column(String(10))
    constituency: Mapped[str | None] = mapped_column(String(100))
    closed_on: Mapped[date | None] = mapped_column(Date)
    loaded_at: Mapped[datetime] = mapped_column(Instant, index=True)
    words: Mapped[str] = mapped_column(Text)

    @classmethod
    def put(cls, rows: list[dict[str, Any]], at: datetime) -> None:
        """Add or change schools, and their words with them. A row has every column that the register gives; one
        with `id` is there already."""
        new = [row for row in rows if "id" not in row]
        old = [row for row in rows if "id" in row]
        words = {row["urn"]: _words(row) for row in rows}
        for row in rows:
            row |= {"loaded_at": at, "words": f" {' '.join(words[row['urn']])} "}
        if new:
            db.session.execute(insert(cls), new)
            added = {row["urn"]: row for row in new}
            for urn, id in db.session.execute(select(cls.urn, cls.id).where(cls.urn.in_(added))):
                added[urn]["id"] = id
        if old:
            db.session.execute(update(cls), old)
            db.session.execute(delete(SchoolWord).where(SchoolWord.school_id.in_([row["id"] for row in old])))
        db.session.execute(
            insert(WORDS),  # of the table, not of the class: half the work for these many rows
            [
                {"closed": row["closed_on"] is not None, "word": word, "place": place, "school_id": row["id"]}
                for row in rows
                for word, place in words[row["urn"]].items()
            ],
        )

    @classmethod
    def close(cls, ids: Iterable[int], on: date, at: datetime) -> None:
        """Mark the schools with these ids as closed."""
        ids = list(ids)
        db.session.execute(update(cls).where(cls.id.in_(ids)).values(closed_on=on, loaded_at=at))
        db.session.execute(update(SchoolWord).where(SchoolWord.school_id.in_(ids)).values(closed=True))

    @classmethod
    def settle(cls) -> None:
        """After many rows have changed: PostgreSQL's planner counts them again now, not in a minute."""
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("ANALYZE schools, school_words"))

    @property
    def shown(self) -> str:
        """As it stands in a byline."""
        return shown(self.name, self.town)

    @classmethod
    def by_urn(cls, urn: str | None) -> School | None:
        """The school with the number that someone sent; None for what is no number of a school."""
        if not urn or not urn.isascii() or not urn.isdecimal() or len(urn) > len(str(LARGEST_URN)):
            return None
        return db.session.scalar(select(cls).where(cls.urn == int(urn)))

    @classmethod
    def last_loaded(cls) -> datetime | None:
        """When a load last changed a school; None without a register. What shows schools rests on it."""
        return db.session.scalar(select(cls.loaded_at).order_by(cls.loaded_at.desc()).limit(1))

    @classmethod
    def are_known(cls) -> bool:
        """True where a register has been loaded."""
        return db.session.scalar(select(cls.id).limit(1)) is not None


class SchoolWord(db.Model):  # type: ignore[name-defined,misc]
    """A word of a school and where it stands in its name. The key is the order in which find() reads."""

    __tablename__ = "school_words"

    closed: Mapped[bool] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(
        String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql"), primary_key=True
    )
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("schools.id"), primary_key=True, index=True)

    __table_args__ = {"sqlite_with_rowid": False}


WORDS: Any = SchoolWord.__table__


def shown(name: str, town: str | None) -> str:
    """A school's name and town, as long as a byline takes."""
    whole = name if not town or town.casefold() in name.casefold() else f"{name}, {town}"
    return whole if len(whole) <= LONGEST_SHOWN else whole[: LONGEST_SHOWN - 1].rstrip(" ,") + "…"


def _words(row: dict[str, Any]) -> dict[str, int]:
    return written_words(row["name"], row["town"], row["local_authority"], row["postcode"], row["urn"])
