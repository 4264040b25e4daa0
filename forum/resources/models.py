"""The resources for progress that the conversation asks about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db


class Resource(db.Model):  # type: ignore[name-defined,misc]
    """Something the organisation provides to schools; `address` is where it was to be found, as printed."""

    __tablename__ = "resources"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    order: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(200))
    group: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text)
    edited_at: Mapped[datetime | None] = mapped_column(Instant)

    @classmethod
    def in_order(cls) -> Select[Resource]:
        return select(cls).order_by(cls.order)
