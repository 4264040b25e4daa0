"""Searches that a person has kept, to look at again and to follow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Refused

MOST = 100
LONGEST_NAME = 100
LONGEST_QUERY = 1000


class SavedSearch(db.Model):  # type: ignore[name-defined,misc]
    """One search of one person under a name of theirs. `query` is what stands in its address after "?", in the one
    spelling that all our links have, so that nobody keeps the same search twice."""

    __tablename__ = "saved_searches"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    query: Mapped[str] = mapped_column(String(LONGEST_QUERY))
    saved_at: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (UniqueConstraint("user_id", "query"),)

    @classmethod
    def save(cls, by: User, name: str, query: str) -> SavedSearch:
        """Keep it; one that is kept already stays as it is, its name too. Raises Refused at the limit."""
        see_anew(by, lock=True)  # one at a time: a double click waits here
        found: SavedSearch | None = db.session.scalar(cls.of(by).where(cls.query == query))
        if found is not None:
            return found
        if len(db.session.scalars(select(cls.id).where(cls.user_id == by.id)).all()) >= MOST:
            raise Refused(f"You have {MOST} saved searches, and we keep no more. Delete one first.")
        found = cls(user_id=by.id, name=name, query=query)
        db.session.add(found)
        db.session.flush()
        return found

    def rename(self, name: str) -> None:
        self.name = name

    def delete(self) -> None:
        db.session.delete(self)

    def belongs_to(self, user: User) -> bool:
        return self.user_id == user.id

    @classmethod
    def of(cls, user: User) -> Select[SavedSearch]:
        """Their own, the newest first: at most MOST."""
        return select(cls).where(cls.user_id == user.id).order_by(cls.id.desc())
