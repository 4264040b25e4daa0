"""The keys of private feeds: a random token each, of which only a digest is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now, see_anew
from forum.core.errors import Refused
from forum.core.tokens import digest, new_token
from forum.following.models.follows import LONGEST_TARGET

FOLLOWING, NOTIFICATIONS = "following", "notifications"
MOST = 100  # keys of one person
NOTED_EVERY = timedelta(hours=1)  # a reader asks more often; when it last did need not be known to the minute


class FeedKey(db.Model):  # type: ignore[name-defined,misc]
    """Opens one private feed of one person. `kind` is `following`, `notifications`, or that of one thing they follow,
    which `target` names."""

    __tablename__ = "feed_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(15))
    target: Mapped[str] = mapped_column(String(LONGEST_TARGET), default="")
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    used_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "person_id", "kind", "target", unique=True),)

    @classmethod
    def make(cls, by: User, kind: str, target: str = "") -> str:
        """A new token, to be shown once. One that was made for the same feed before is worth nothing any more.
        Raises Refused at the limit."""
        see_anew(by, lock=True)  # one at a time: a double click waits here
        mine = db.session.scalars(cls.of(by)).all()
        key = next((each for each in mine if (each.kind, each.target) == (kind, target)), None)
        if key is None:
            if len(mine) >= MOST:
                raise Refused(f"You have {MOST} private feeds, and that is the most. Revoke one first.")
            key = cls(person_id=by.id, kind=kind, target=target)
            db.session.add(key)
        token = new_token()
        key.digest, key.made_at, key.used_at = digest(token), now(), None
        return token

    def revoke(self) -> None:
        db.session.delete(self)

    @classmethod
    def opened_by(cls, token: str) -> FeedKey | None:
        found: FeedKey | None = db.session.scalar(select(cls).where(cls.digest == digest(token)))
        return found

    @classmethod
    def of(cls, person: User) -> Select[FeedKey]:
        return select(cls).where(cls.person_id == person.id).order_by(cls.id)

    def note_use(self) -> None:
        """A reader has been here. Like the counts of limits it is kept outside of the request's own transaction, which
        only reads; and once an hour at most."""
        at = now()
        if self.used_at is not None and at - self.used_at < NOTED_EVERY:
            return
        unnoted = or_(FeedKey.used_at.is_(None), FeedKey.used_at < at - NOTED_EVERY)
        with db.engine.begin() as connection:
            connection.execute(update(FeedKey).where(FeedKey.id == self.id, unnoted).values(used_at=at))
