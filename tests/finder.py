"""A small finder of threads, for tests of what is asked of one: the titles that share a word, by SQL."""

from __future__ import annotations

from sqlalchemy import false, or_, select

from forum.core.db import db
from forum.discussion.models import Thread, listed
from forum.discussion.models.lists import ThreadRow, thread_rows


class WordFinder:
    def nearest(self, words: str, limit: int, kind: str | None = None) -> list[ThreadRow]:
        shares = or_(
            false(),
            *(Thread.title.icontains(word, autoescape=True) for word in words.split() if len(word) > 3),
        )
        query = select(Thread.id).where(listed(), shares).order_by(Thread.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(Thread.kind == kind)
        return thread_rows(list(db.session.scalars(query)))

    def related(self, thread: Thread, limit: int) -> list[ThreadRow]:
        return [row for row in self.nearest(thread.title, limit + 1) if row.id != thread.id][:limit]
