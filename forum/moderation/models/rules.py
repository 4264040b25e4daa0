"""The rules of the conversation, in versions, and what a person is told for each reason."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup
from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from forum.accounts.models import User
from forum.activity.models import record
from forum.core.db import Instant, db, now
from forum.core.errors import Conflict
from forum.core.freshness import Rests
from forum.core.markup import SafeHTML, render
from forum.discussion.models import Conversation


def rules_version(**_: object) -> Rests:
    return Rests(
        "SELECT c.version, (SELECT coalesce(max(id), 0) FROM rules),"
        " coalesce((SELECT max(made_at) FROM rules), c.changed_at) FROM conversation c"
    )


class Rules(db.Model):  # type: ignore[name-defined,misc]
    """One version of the rules; the newest is in force. None is ever changed or taken away."""

    __tablename__ = "rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant, default=now)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[Markup] = mapped_column(SafeHTML)

    by: Mapped[User | None] = relationship(lazy="raise")

    @classmethod
    def now_in_force(cls) -> Select[Rules]:
        return select(cls).order_by(cls.id.desc()).limit(1)

    @classmethod
    def versions(cls) -> Select[Rules]:
        return select(cls).order_by(cls.id.desc()).options(joinedload(cls.by))

    @classmethod
    def write(cls, by: User | None, source: str, since: int) -> Rules:
        """A new version, begun from version `since`. Raises Conflict where there is a newer one."""
        db.session.execute(select(Conversation.id).with_for_update())  # one at a time
        newest = db.session.scalars(cls.now_in_force()).first()
        if newest is not None and newest.id != since:
            raise Conflict("A colleague has changed the rules since you opened this page.")
        if newest is not None and newest.source == source:
            return newest
        rules = cls(by_id=by.id if by else None, source=source, html=render(source))
        db.session.add(rules)
        db.session.flush()
        if by is not None:
            record("team.rules-written", by=by, detail={"rules": rules.id})
        return rules


class Wording(db.Model):  # type: ignore[name-defined,misc]
    """What a person is told, as a start, when something is decided for this reason."""

    __tablename__ = "wordings"

    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    words: Mapped[str] = mapped_column(Text)

    @classmethod
    def all_of_them(cls) -> dict[str, str]:
        return {row.reason: row.words for row in db.session.scalars(select(cls))}

    @classmethod
    def keep(cls, by: User, wordings: dict[str, str]) -> None:
        before = cls.all_of_them()
        changed = {reason: words for reason, words in wordings.items() if words != before.get(reason, "")}
        for reason, words in changed.items():
            db.session.merge(cls(reason=reason, words=words))
        if changed:
            record("team.wordings-changed", by=by, detail={"reasons": sorted(changed)})
