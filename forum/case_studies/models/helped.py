"""Which of the resources for progress helped. Their own package is on this floor: here they are known by table."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, Select, column, delete, insert, select, table
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import db

RESOURCES = table("resources", column("id"), column("slug"), column("name"), column("order"))


class Resource(NamedTuple):
    id: int
    slug: str
    name: str


class HelpedBy(db.Model):  # type: ignore[name-defined,misc]
    """A study says that a resource helped."""

    __tablename__ = "case_study_resources"

    thread_id: Mapped[int] = mapped_column(ForeignKey("case_studies.thread_id"), primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"), primary_key=True)

    __table_args__ = (Index(None, "resource_id", "thread_id"),)

    @classmethod
    def keep(cls, thread: int, resources: list[Resource]) -> None:
        """Exactly these helped."""
        db.session.execute(delete(cls).where(cls.thread_id == thread))
        if resources:
            rows = [{"thread_id": thread, "resource_id": row.id} for row in resources]
            db.session.execute(insert(cls), rows)


def every_resource() -> list[Resource]:
    return _run(_in_order())


def resources_with(slugs: list[str]) -> list[Resource]:
    return _run(_in_order().where(RESOURCES.c.slug.in_(slugs))) if slugs else []


def resources_of(thread: int) -> list[Resource]:
    """Those that helped in the study beside this thread."""
    carried = HelpedBy.__table__.c
    return _run(
        _in_order().join(HelpedBy, carried.resource_id == RESOURCES.c.id).where(carried.thread_id == thread)
    )


def _in_order() -> Select[tuple[int, str, str]]:
    return select(RESOURCES.c.id, RESOURCES.c.slug, RESOURCES.c.name).order_by(RESOURCES.c.order)


def _run(query: Select[tuple[int, str, str]]) -> list[Resource]:
    return [Resource(row.id, row.slug, row.name) for row in db.session.execute(query)]
