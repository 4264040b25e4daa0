"""What of a page is one person's own: counts it, so that a page made before a change is not taken for the new one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import db


class Follower(db.Model):  # type: ignore[name-defined,misc]
    """`version` rises with each change of what a person follows or has read."""

    __tablename__ = "followers"

    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def changed(cls, person_id: int) -> None:
        """What pages show to this person is another thing from now on."""
        connection = db.session.connection()
        connection.execute(COUNTED[connection.dialect.name], {"person": person_id})


FOLLOWERS: Any = Follower.__table__


def _counted(dialect: Any) -> Any:
    add = dialect.insert(FOLLOWERS).values(person_id=bindparam("person"), version=1)
    return add.on_conflict_do_update(index_elements=["person_id"], set_={"version": FOLLOWERS.c.version + 1})


COUNTED = {"sqlite": _counted(sqlite), "postgresql": _counted(postgresql)}
