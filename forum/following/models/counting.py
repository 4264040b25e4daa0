"""What every page of a signed-in person rests on: how much is new to them, and the version of what is their own. One
raw read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal_column, select

from forum.core.db import db
from forum.core.freshness import versions
from forum.core.own import MANY
from forum.following.models.notices import Notice, may_see

PERSON: Any = literal_column("{}")
_spelled: dict[str, str] = {}


def news_and_version(person_id: int) -> tuple[int, int]:
    """How many notices they may see and have not seen, counted to MANY; and their version."""
    row = versions().row(_query(), (person_id, person_id))
    return (row[0], row[1] or 0) if row else (0, 0)


def _query() -> str:
    dialect = db.engine.dialect
    if dialect.name not in _spelled:
        unseen = may_see(Notice.id).where(Notice.person_id == PERSON, Notice.seen_at.is_(None)).limit(MANY)
        counted = select(func.count()).select_from(unseen.subquery("unseen"))
        sql = counted.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        _spelled[dialect.name] = f"SELECT ({sql}), (SELECT version FROM followers WHERE person_id = {{}})"  # noqa: S608
    return _spelled[dialect.name]
