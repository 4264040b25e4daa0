"""What is known of those who do the work: that they live, and when what is done by the clock is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db, now

SILENT = timedelta(minutes=2)  # after so long without a beat a worker is taken for dead
FORGOTTEN = timedelta(days=7)


class Heartbeat(db.Model):  # type: ignore[name-defined,misc]
    """One worker: a thread of a server process, or `flask worker`. It says every few seconds that it lives."""

    __tablename__ = "heartbeats"

    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Instant, default=now)
    at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)

    @classmethod
    def beat(cls, worker: str) -> None:
        """The caller commits."""
        found = db.session.execute(update(cls).where(cls.worker == worker).values(at=now()))
        if not found.rowcount:  # type: ignore[attr-defined]
            db.session.add(cls(worker=worker))

    @classmethod
    def stop(cls, worker: str) -> None:
        """It goes home, and says so. The caller commits."""
        db.session.execute(delete(cls).where(cls.worker == worker))

    @classmethod
    def alive(cls) -> bool:
        return db.session.scalar(select(cls.worker).where(cls.at > now() - SILENT).limit(1)) is not None

    @classmethod
    def all(cls) -> Sequence[Heartbeat]:
        return db.session.scalars(select(cls).order_by(cls.at.desc()).limit(20)).all()

    @classmethod
    def forget(cls) -> None:
        db.session.execute(delete(cls).where(cls.at < now() - FORGOTTEN))

    @property
    def is_silent(self) -> bool:
        return self.at <= now() - SILENT


class Chore(db.Model):  # type: ignore[name-defined,misc]
    """What is done by the clock, by one worker at a time. `error` says how it failed the last time, if it did."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str] = mapped_column(String(300), default="", server_default="")

    @classmethod
    def take(cls, name: str, every: timedelta) -> bool:
        """True for the one worker whose turn it is; the next turn is `every` from now. The caller commits."""
        at = now()
        mine = update(cls).where(cls.name == name, cls.due_at <= at).values(due_at=at + every)
        taken = bool(db.session.execute(mine).rowcount)  # type: ignore[attr-defined]
        if not taken and db.session.get(cls, name) is None:
            try:
                with db.session.begin_nested():
                    db.session.add(cls(name=name, due_at=at + every))
                taken = True
            except IntegrityError:  # another worker was there first
                taken = False
        return taken

    @classmethod
    def settle(cls, name: str, error: str = "") -> None:
        """How it went. The caller commits."""
        values = {"error": error[:300]} | ({} if error else {"done_at": now()})
        db.session.execute(update(cls).where(cls.name == name).values(**values))

    @classmethod
    def all(cls) -> Sequence[Chore]:
        return db.session.scalars(select(cls).order_by(cls.name)).all()
