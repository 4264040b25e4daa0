"""Naming people in a post: `@Ada Obi`. Who of that name is meant is decided when the post is written: somebody in this
thread before anybody else. Only those can be meant who have said something under their name, so that nobody is found
by it who showed their role alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, column, literal_column, or_, select, table

from forum.accounts.models import POSITIONS, User
from forum.core.db import db
from forum.discussion.models.words import Moderation, Publication

MOST = 20  # names in one post
LONGEST = 5  # words of a name
OFFERED = 8
POSTS = table(
    "posts",
    *(
        column(name)
        for name in ("author_id", "thread_id", "number", "disclosure", "publication", "moderation")
    ),
)  # the model itself is above: a post is read for its names as it is made
SHORTEST = 2
SHOWN = (
    POSTS.c.publication == str(Publication.PUBLISHED),
    POSTS.c.moderation == str(Moderation.CLEAR),
    POSTS.c.disclosure == "named",
)
NAMED = re.compile(rf"(?<![\w@./])@(\w[\w'’.-]*(?: \w[\w'’.-]*){{0,{LONGEST - 1}}})")


def people_named(source: str, thread_id: int | None) -> dict[str, int]:
    """The names after an @ in `source` that are somebody's, each with the id of the one who is meant. Nobody is where
    two of a name could be: a link ([@Ada Obi](/people/12)) says which."""
    if "@" not in source:
        return {}
    names = {name for found in islice(NAMED.finditer(source), MOST) for name in _beginnings(found[1])}
    if not names:
        return {}
    rows = db.session.execute(
        select(User.id, User.name, _spoke_in(thread_id).label("here")).where(User.name.in_(names), _spoke())
    ).all()
    meant: dict[str, int] = {}
    for name in names:
        here = [row.id for row in rows if row.name == name and row.here]
        anywhere = [row.id for row in rows if row.name == name]
        for group in (here, anywhere):
            if len(group) == 1:
                meant[name] = group[0]
                break
            if group:
                break
    return meant


@dataclass(frozen=True, slots=True)
class Offer:
    """A person that a beginning of a name may mean; `insert` is what names them in a post."""

    id: int
    name: str
    about: str
    insert: str


def offers(beginning: str, thread_id: int | None, viewer_id: int) -> list[Offer]:
    """Whom `beginning` may mean, people of this thread first: they need no letter of their name, others need two."""
    here = _of_thread(thread_id, beginning, viewer_id) if thread_id else []
    others = []
    if len(beginning) >= SHORTEST and len(here) < OFFERED:
        known = {row[0] for row in here}
        query = select(User.id, User.name, User.position).where(_begins(beginning), _spoke())
        query = query.where(User.id != viewer_id).order_by(User.name).limit(OFFERED * 2)
        others = [row for row in db.session.execute(query) if row[0] not in known]
    rows = [*here, *others][:OFFERED]
    names = [row[1] for row in rows]
    return [
        Offer(
            id,
            name,
            POSITIONS.get(position or "", ""),
            f"@{name}" if names.count(name) == 1 else f"[@{name}](/people/{id})",
        )
        for id, name, position in rows
    ]


def _of_thread(thread_id: int, beginning: str, viewer_id: int) -> list[tuple[int, str, str | None]]:
    """Those who have spoken last in it, whose name, or a word of it, begins so."""
    lately = (
        select(POSTS.c.author_id, POSTS.c.number)
        .where(POSTS.c.thread_id == thread_id, *SHOWN)
        .order_by(POSTS.c.number.desc())
        .limit(500)
        .subquery()
    )
    query = select(User.id, User.name, User.position).join(lately, lately.c.author_id == User.id)
    rows = db.session.execute(query.where(User.id != viewer_id).order_by(lately.c.number.desc()))
    wanted = beginning.casefold()
    found = {
        id: (id, name, position)
        for id, name, position in rows
        if f" {name.casefold()}".find(f" {wanted}") >= 0
    }
    return list(found.values())


def _spoke() -> ColumnElement[bool]:
    said: Any = select(literal_column("1")).where(POSTS.c.author_id == User.id, *SHOWN)
    found: ColumnElement[bool] = said.correlate(User).exists()
    return found


def _spoke_in(thread_id: int | None) -> ColumnElement[bool]:
    said: Any = select(literal_column("1")).where(
        POSTS.c.author_id == User.id, POSTS.c.thread_id == thread_id, *SHOWN
    )
    found: ColumnElement[bool] = said.correlate(User).exists()
    return found


def _begins(beginning: str) -> ColumnElement[bool]:
    """As it was typed, or with capital letters: each a range of the index of names."""
    spelled = {beginning, beginning.title()}
    if db.engine.dialect.name == "postgresql":
        return or_(*(User.name.startswith(each, autoescape=True) for each in sorted(spelled)))
    return or_(*(User.name.between(each, each + "\U0010ffff") for each in sorted(spelled)))


def _beginnings(words: str) -> list[str]:
    """ "Ada Obi says" may be of Ada, of Ada Obi, or of Ada Obi says."""
    parts = words.split(" ")
    spelled = (" ".join(parts[:count]) for count in range(1, len(parts) + 1))
    return [name for each in spelled for name in {each, each.rstrip(".'’-")} if name]
