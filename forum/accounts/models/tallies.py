"""Counts of tries."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import db


class Tally(db.Model):  # type: ignore[name-defined,misc]
    """A count of tries in a window of time, for limits; see accounts/tally.py."""

    __tablename__ = "tallies"

    key: Mapped[str] = mapped_column(String(500), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    expires: Mapped[float] = mapped_column(default=0.0)

    __table_args__ = (Index(None, "expires"),)
