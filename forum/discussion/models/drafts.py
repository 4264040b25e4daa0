"""What a person is writing, saved while they write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, aliased, mapped_column

from forum.accounts.models import User
from forum.core.db import Instant, db, now
from forum.core.freshness import versions


class Draft(db.Model):  # type: ignore[name-defined,misc]
    """The fields of one form, for one person. `key` says which form: `thread:<prompt slug>`, `reply:<thread id>`
    or `edit:<post id>`; `about` and `path` say what it is about and where to go on with it."""

    __tablename__ = "drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(String(100))
    about: Mapped[str] = mapped_column(String(300))
    path: Mapped[str] = mapped_column(String(300))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    saved_at: Mapped[datetime] = mapped_column(Instant, default=now)

    __table_args__ = (UniqueConstraint("user_id", "key"), Index(None, "user_id", "saved_at"))

    @classmethod
    def save(cls, by: User, key: str, about: str, path: str, fields: dict[str, Any]) -> Draft:
        """Keep `fields`, over what was kept for this form before."""
        draft = cls.find(by, key)
        if draft is None:
            draft = cls(user_id=by.id, key=key)
            try:
                with db.session.begin_nested():
                    draft.about, draft.path, draft.fields = about[:300], path, fields
                    db.session.add(draft)
            except IntegrityError:  # the same form saved twice at once
                draft = db.session.scalars(select(cls).where(cls.user_id == by.id, cls.key == key)).one()
        draft.about, draft.path, draft.fields, draft.saved_at = about[:300], path, fields, now()
        return draft

    @classmethod
    def find(cls, by: User, key: str) -> Draft | None:
        found: Draft | None = db.session.scalar(select(cls).where(cls.user_id == by.id, cls.key == key))
        return found

    @classmethod
    def is_there(cls, by: User, key: str) -> bool:
        """The quick question before `find`: most pages have no draft to offer."""
        return (
            versions().row("SELECT 1 FROM drafts WHERE user_id = {} AND key = {}", (by.id, key)) is not None
        )

    @classmethod
    def drop(cls, by: User, key: str) -> None:
        """What was written is published, or no longer wanted."""
        db.session.connection().execute(DROP, {"by": by.id, "form": key})

    @classmethod
    def follow(cls, old: str, new: str, about: str, path: str) -> None:
        """Everyone's words for the form `old` are now for the form `new`. Whoever has both finds the one below the
        other."""
        other = aliased(cls)
        both = select(cls, other).join(other, and_(other.user_id == cls.user_id, other.key == new))
        for left, kept in db.session.execute(both.where(cls.key == old)).all():
            words = [each.fields.get("body", "") for each in (kept, left)]
            kept.fields = {**left.fields, **kept.fields, "body": "\n\n".join(filter(None, words))}
            db.session.delete(left)
        db.session.flush()
        db.session.execute(update(cls).where(cls.key == old).values(key=new, about=about[:300], path=path))

    @classmethod
    def of(cls, user: User) -> Select[Draft]:
        return select(cls).where(cls.user_id == user.id).order_by(cls.saved_at.desc())


DRAFTS: Any = Draft.__table__
DROP = delete(DRAFTS).where(DRAFTS.c.user_id == bindparam("by"), DRAFTS.c.key == bindparam("form"))
