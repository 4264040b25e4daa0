"""The store of limits, in the database: counts survive a restart and are shared by every worker."""

from __future__ import annotations

import time
from typing import Any

from limits.storage import Storage
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from forum.accounts.models import Tally
from forum.core.db import db


def _add(dialect: Any) -> Any:
    add = dialect.insert(COUNTS).values(
        key=bindparam("key"), count=bindparam("count"), expires=bindparam("expires")
    )
    more = {"count": COUNTS.c.count + bindparam("more")}
    return add.on_conflict_do_update(index_elements=["key"], set_=more).returning(COUNTS.c.count)


COUNTS: Any = Tally.__table__
SWEEP = delete(COUNTS).where(COUNTS.c.expires < bindparam("now"))
ADD = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}


class TallyStorage(Storage):
    """Fixed windows in the table `tallies`, each count in a transaction of its own: a request that fails or
    is refused has still counted. Counting comes before the view; what the request has read by then is
    let go, since on SQLite there is one writer at a time."""

    STORAGE_SCHEME = ["tally"]  # noqa: RUF012

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(SWEEP, {"now": now})
            values = {"key": _text(key), "count": amount, "more": amount, "expires": now + expiry}
            return int(connection.execute(ADD[connection.dialect.name], values).scalar_one())

    def get(self, key: str) -> int:
        row = self._row(key)
        return row[0] if row else 0

    def get_expiry(self, key: str) -> float:
        row = self._row(key)
        return row[1] if row else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with db.engine.begin() as connection:
            return connection.execute(delete(Tally)).rowcount

    def clear(self, key: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(delete(Tally).where(Tally.key == _text(key)))

    def _row(self, key: str) -> tuple[int, float] | None:
        with db.engine.connect() as connection:
            row = connection.execute(
                select(Tally.count, Tally.expires).where(
                    Tally.key == _text(key), Tally.expires >= time.time()
                )
            ).first()
            return (row[0], row[1]) if row else None


def _text(key: str) -> str:
    """`key` as PostgreSQL can keep it: it holds what a stranger typed."""
    return key.replace("\0", "")[:500]
