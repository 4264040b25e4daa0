"""What a person follows, and how they want to hear of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.core.db import Instant, db, now

LONGEST_TARGET = 1000


class Kind(StrEnum):
    """What can be followed: each has a feed. A follow's target is the thread's, person's or suggestion's id, the slug
    of a prompt, component or resource, the query of a search or of the library in the one spelling that our links
    have ("" for all case studies), and "" for all answers."""

    PROMPT = "prompt"
    COMPONENT = "component"
    THREAD = "thread"
    PERSON = "person"
    RESOURCE = "resource"
    OUTCOME = "outcome"
    LIBRARY = "library"
    SEARCH = "search"
    ANSWERS = "answers"


class Level(StrEnum):
    """How a person hears: on the site's own pages only, by mail at once, in the digest; or never, of what is muted
    (a thread or a person)."""

    SITE = "site"
    MAIL = "mail"
    DIGEST = "digest"
    MUTED = "muted"


class Follow(db.Model):  # type: ignore[name-defined,misc]
    """One person follows one thing, or has muted it."""

    __tablename__ = "follows"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(LONGEST_TARGET))
    level: Mapped[str] = mapped_column(String(6))
    since: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (
        UniqueConstraint("person_id", "kind", "target"),
        CheckConstraint("level <> 'muted' OR kind IN ('thread', 'person')", name="muted"),
        Index(None, "kind", "target", "person_id"),
    )
