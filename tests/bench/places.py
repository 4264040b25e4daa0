"""Places for rows that are written many in one statement, which a default cannot number."""

from __future__ import annotations

from sqlalchemy import text

from forum.core.db import db


def next_places(table: str, count: int) -> list[int]:
    """The next `count` places of `table`. In SQLite they are taken only when they are used."""
    if db.engine.dialect.name == "postgresql":
        series = f"SELECT nextval('{table}_place_seq') FROM generate_series(1, :count)"
        return list(db.session.scalars(text(series), {"count": count}))
    first: int = db.session.scalars(text(f"SELECT coalesce(max(place), 0) + 1 FROM {table}")).one()  # noqa: S608
    return list(range(first, first + count))
