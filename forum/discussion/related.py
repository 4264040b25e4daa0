"""Other threads about the same, at the foot of a thread's page.

They are kept with the page, and the page rests on their titles too: one that is hidden, withdrawn or renamed is gone
from it, or has its new name, at the next request. They are looked for at most once an hour for each thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import bindparam, select

from forum.core.db import db
from forum.core.freshness import Rests
from forum.core.porch import Kept
from forum.discussion.models import Prompt, Thread, listed
from forum.discussion.nearest import related

MOST = 5
SIZE = 1024 * 1024  # bytes
AN_HOUR = 3600  # seconds
PUBLIC = select(Thread).where(listed(), Thread.id == bindparam("id"))
SHOWN: Any = (
    select(Thread.id, Thread.title, Thread.slug, Prompt.title)
    .join(Prompt, Prompt.id == Thread.prompt_id)
    .where(listed(), Thread.id.in_(bindparam("ids", expanding=True)))
)
TITLE = " (SELECT title FROM threads WHERE id = {} AND publication = 'published' AND moderation = 'clear'),"
RESTS = [
    f"SELECT t.version, c.version,{TITLE * many} CASE WHEN t.changed_at > c.changed_at THEN t.changed_at"  # noqa: S608
    " ELSE c.changed_at END FROM threads t, conversation c WHERE t.id = {}"
    for many in range(MOST + 1)
]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A related thread as the foot of a page names it: nothing of it that its title does not say can change."""

    title: str
    url: str
    prompt: str


def page_version(id: int, **_: object) -> Rests:
    """A thread's page: its own version, and the titles of the threads at its foot while they are shown. Its date is
    its own alone: a reader who knows the ETag, as all do whom we gave one, is told of the others."""
    ids = _ids(id)
    return Rests(RESTS[len(ids)], (*ids, id))


def neighbours(id: int) -> list[Neighbour]:
    """The threads at the foot of thread `id`, the nearest first, as anyone may see them now."""
    ids = _ids(id)
    found = {row[0]: row for row in db.session.execute(SHOWN, {"ids": ids})} if ids else {}
    rows = (found[id] for id in ids if id in found)
    return [Neighbour(title, f"/threads/{id}-{slug}", prompt) for id, title, slug, prompt in rows]


def _ids(id: int) -> tuple[int, ...]:
    """The same for a whole request, so that a page rests on what it shows."""
    asked: dict[int, tuple[int, ...]] = g.setdefault("related", {})
    if id not in asked:
        asked[id] = _found(id)
    return asked[id]


def _found(id: int) -> tuple[int, ...]:
    kept: Kept[tuple[int, ...]] = current_app.extensions["related"]
    key = (id, int(time.time()) // AN_HOUR)
    found = kept.get(key)
    if found is None:
        thread = db.session.scalars(PUBLIC, {"id": id}).first()
        if thread is None:
            return ()
        found = tuple(related(thread, MOST))
        kept.put(key, found, 300)
    return found


def init_app(app: Flask) -> None:
    app.extensions["related"] = Kept[tuple[int, ...]](SIZE)
