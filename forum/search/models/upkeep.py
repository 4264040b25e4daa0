"""Looking after the index: is it what it should be, and making it anew while the site runs.

The views search_public_posts and search_public_threads say what should be there. Everything is done in ranges of the
keys of the index (places of posts, ids of threads), so that memory stays small and nobody waits long. The caller ends
the transaction after each range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from forum.core.db import db

CHECKED, REDONE = 5_000, 500  # keys at once

# One statement for both sides, so that both see the same of what is written meanwhile.
COMPARED = (
    "SELECT 1 AS side, {key} FROM (SELECT * FROM {public} WHERE {key} > :low AND {key} <= :high"
    " EXCEPT SELECT * FROM {kept} WHERE {key} > :low AND {key} <= :high) AS wanted"
    " UNION ALL SELECT 0, {key} FROM (SELECT * FROM {kept} WHERE {key} > :low AND {key} <= :high"
    " EXCEPT SELECT * FROM {public} WHERE {key} > :low AND {key} <= :high) AS there"
)
# FTS5 keeps the length of what it has indexed, row by row.
WORDED = (
    "SELECT 1 AS side, {key} FROM {kept} WHERE {key} > :low AND {key} <= :high"
    " AND {key} NOT IN (SELECT id FROM {words}_docsize WHERE id > :low AND id <= :high)"
    " UNION ALL SELECT 0, id FROM {words}_docsize WHERE id > :low AND id <= :high"
    " AND id NOT IN (SELECT {key} FROM {kept} WHERE {key} > :low AND {key} <= :high)"
)
NAMED = "SELECT side, coalesce(b.id, found.{key}) FROM ({found}) AS found LEFT JOIN {name} b ON b.{own} = found.{key}"
LAST = "SELECT max(last) FROM (SELECT max({own}) AS last FROM {name} UNION ALL SELECT max({key}) FROM {kept}) AS sides"
REDO = {
    "sqlite": (
        "DELETE FROM {kept} WHERE {key} > :low AND {key} <= :high",
        "INSERT INTO {kept} SELECT * FROM {public} WHERE {key} > :low AND {key} <= :high",
    ),
    "postgresql": (
        "SELECT search_redo_{name}(ARRAY(SELECT {own} FROM {name} WHERE {own} > :low AND {own} <= :high"
        " UNION SELECT {key} FROM {kept} WHERE {key} > :low AND {key} <= :high))",
    ),
}
# SQLite learns by a trigger on the rows themselves.
LEARN = {
    "posts": "SELECT search_learn(string_agg(search_own(p.source), ' ')) FROM search_posts s"
    " JOIN posts p ON p.place = s.place WHERE s.place > :low AND s.place <= :high",
    "threads": "SELECT search_learn(string_agg(t.title, ' ')) FROM search_threads s"
    " JOIN threads t ON t.id = s.thread_id WHERE s.thread_id > :low AND s.thread_id <= :high",
}
STARTED = "INSERT INTO search_upkeep (task, done_to) VALUES ('posts', 0), ('threads', 0)"
DONE = "UPDATE search_upkeep SET done_to = :done WHERE task = :task"


@dataclass(frozen=True)
class Part:
    """One half of the index: the table of its rows, the view of what they should be, and FTS5's table of words. `own`
    is what the key is called in the table that is indexed."""

    name: str
    kept: str
    public: str
    key: str
    own: str
    words: str

    def spell(self, statement: str) -> str:
        return statement.format(**self.__dict__)

    @property
    def last(self) -> int:
        """The highest key that is, or could be, in the index."""
        return db.session.scalar(text(self.spell(LAST))) or 0


PARTS = (
    Part("posts", "search_posts", "search_public_posts", "place", "place", "search_words"),
    Part("threads", "search_threads", "search_public_threads", "thread_id", "id", "search_titles"),
)


@dataclass(frozen=True)
class Fault:
    """A post or thread, and what is wrong: it is `missing` from the index, `surplus` or `different` there, or its
    words are."""

    what: str
    wrong: str
    id: int


@dataclass(frozen=True)
class Progress:
    """How far it is: keys of `what` up to `done` of `last`, and what was found wrong in the range just done."""

    what: str
    done: int
    last: int
    faults: tuple[Fault, ...] = ()


def check() -> Iterator[Progress]:
    """Compare the index with what is public, both ways."""
    for part in PARTS:
        last = part.last
        for low in range(0, last, CHECKED):
            high = min(low + CHECKED, last)
            faults = _faults(part, COMPARED, low, high, "")
            if db.engine.dialect.name == "sqlite":
                faults += _faults(part, WORDED, low, high, "its words are ")
            yield Progress(part.name, high, last, tuple(faults))


def words_agree() -> bool:
    """Compare every word with the texts, where the words are kept apart from the rows (SQLite). Posting waits while
    this runs."""
    if db.engine.dialect.name != "sqlite":
        return True
    try:
        for part in PARTS:
            db.session.execute(
                text(part.spell("INSERT INTO {words} ({words}, rank) VALUES ('integrity-check', 1)"))
            )
    except DatabaseError:
        return False
    return True


def rebuild(afresh: bool = False) -> Iterator[Progress]:
    """Make every row anew, and its words. Goes on where an earlier run was stopped, unless `afresh`."""
    if afresh:
        _do("DELETE FROM search_upkeep")
    if not _do("SELECT count(*) FROM search_upkeep").scalar():
        _do("DELETE FROM search_spellings")
        _do("DELETE FROM search_deletions")
        _do(STARTED)
    for part in PARTS:
        last = part.last
        done = _do("SELECT done_to FROM search_upkeep WHERE task = :task", task=part.name).scalar_one()
        for low in range(done, last, REDONE):
            high = min(low + REDONE, last)
            _redo(part, low, high)
            _do(DONE, task=part.name, done=high)
            yield Progress(part.name, high, last)
    _do("DELETE FROM search_upkeep")


def rebuild_words() -> None:
    """All of the words at once: the quickest, and what mends words that differ from their texts. Posting waits."""
    for part in PARTS:
        if db.engine.dialect.name == "sqlite":
            _do(part.spell("INSERT INTO {words} ({words}) VALUES ('rebuild')"))
        else:
            _do(part.spell("REINDEX TABLE {kept}"))


def _redo(part: Part, low: int, high: int) -> None:
    dialect = db.engine.dialect.name
    for statement in REDO[dialect]:
        _do(part.spell(statement), low=low, high=high)
    if dialect == "postgresql":
        _do(LEARN[part.name], low=low, high=high)


def _faults(part: Part, statement: str, low: int, high: int, of: str) -> list[Fault]:
    sides: dict[int, int] = {}
    found = part.spell(NAMED.replace("{found}", statement))
    for wanted, id in _do(found, low=low, high=high):
        sides[id] = sides.get(id, 0) | (2 if wanted else 1)
    wrong = {1: "surplus", 2: "missing", 3: "different"}
    return [Fault(part.name, of + wrong[side], id) for id, side in sorted(sides.items())]


def _do(statement: str, **values: Any) -> Any:
    return db.session.execute(text(statement), values)
