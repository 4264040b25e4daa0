"""What of a page is one person's own: counts it, so that a page made before a change is not taken for the new one."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import db


class Follower(db.Model):  # type: ignore[name-defined,misc]
    """`version` rises with each change of what a person follows or has read."""

    __tablename__ = "followers"

    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(default=1)
