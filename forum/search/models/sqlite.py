"""The index in SQLite: FTS5, which gives matches newest first without sorting, and filters by its own tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from forum.core.db import db
from forum.search.models.index import (
    ALL,
    CAPITALS,
    HIGHEST,
    NEWEST,
    Found,
    Narrow,
    PostRow,
    Some,
    ThreadRow,
    Title,
    apart,
    grouped,
)
from forum.search.models.parsing import Group, Words
from forum.search.models.synonyms import Phrase
from forum.search.models.words import in_capitals

PHRASE_SPAN = (
    400_000  # places that one answer looks through for words side by side, where these words are common
)
COMMON = NEWEST // 64  # posts with all of the words, of the newest

POSTS = (
    "SELECT s.place, s.thread_id, s.number, s.tags FROM search_words w CROSS JOIN search_posts s"
    " ON s.place = w.rowid WHERE w.search_words MATCH ? AND w.rowid < ? AND w.rowid >= ?{}"
    " ORDER BY w.rowid DESC LIMIT ?"
)
THREADS = (
    "SELECT s.thread_id, s.tags FROM search_titles w CROSS JOIN search_threads s ON s.thread_id = w.rowid"
    " WHERE w.search_titles MATCH ? AND w.rowid < ?{} ORDER BY w.rowid DESC LIMIT ?"
)
SOME = (
    "SELECT * FROM (SELECT ?, 0, s.thread_id, 0, s.tags FROM search_titles w CROSS JOIN search_threads s"
    " ON s.thread_id = w.rowid WHERE w.search_titles MATCH ?{created} ORDER BY w.rowid DESC LIMIT ?)"
    " UNION ALL SELECT * FROM (SELECT ?, s.place, s.thread_id, s.number, s.tags FROM search_words w"
    " CROSS JOIN search_posts s ON s.place = w.rowid WHERE w.search_words MATCH ?"
    " AND w.rowid > (SELECT max(place) FROM search_posts) - ?{published} ORDER BY w.rowid DESC LIMIT ?)"
)
TITLED = (
    "SELECT s.thread_id, s.tags FROM search_threads s CROSS JOIN search_titles w ON w.rowid = s.thread_id"
    ' WHERE s."key" = ? AND w.search_titles MATCH ? AND s.thread_id < ?{} ORDER BY s.thread_id DESC LIMIT ?'
)
COUNT = "SELECT count(*) FROM search_words WHERE search_words MATCH ? AND rowid > ? AND rowid < ?"
NEAR = (
    "SELECT word FROM search_deletions WHERE form IN (SELECT value FROM json_each(?))"
    " UNION SELECT word FROM search_spellings WHERE word IN (SELECT value FROM json_each(?))"
)
TEXTS = "SELECT p.place, substr(p.source, 1, ?) FROM json_each(?) j CROSS JOIN posts p ON p.place = j.value"
TITLES = "SELECT t.id, t.title, t.supporters_count FROM json_each(?) j CROSS JOIN threads t ON t.id = j.value"


class SQLite:
    """See index.Index."""

    def newest(self) -> tuple[int, int]:
        return _newest(), _rows("SELECT max(thread_id) FROM search_threads", ())[0][0] or 0

    def posts(self, words: Words, narrow: Narrow, below: int | None, most: int) -> Found:
        top = below if below is not None else _newest() + 1
        bottom = self._bottom(words, top)
        dates, values = _dates("s.published_at", narrow)
        query = _match("title body", words, narrow)
        rows = _rows(POSTS.format(dates), (query, top, bottom, *values, most + 1))
        found = Found([PostRow(*row) for row in rows[:most]])
        if len(rows) > most:
            found.floor = found.posts[-1].place
        elif bottom > 0:
            found.floor = bottom
        return found

    def threads(self, words: Words, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        dates, values = _dates("s.created_at", narrow)
        rows = _rows(THREADS.format(dates), (_match("title", words, narrow), below, *values, most))
        return [ThreadRow(*row) for row in rows]

    def titled(self, key: str, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        dates, values = _dates("s.created_at", narrow)
        rows = _rows(TITLED.format(dates), (key, _match("title", Words(), narrow), below, *values, most))
        return [ThreadRow(*row) for row in rows]

    def some(self, asked: Sequence[Words], narrow: Narrow, most: int) -> list[Some]:
        created, values = _dates("s.created_at", narrow)
        published, _ = _dates("s.published_at", narrow)
        parameters: list[Any] = []
        for number, words in enumerate(asked):
            parameters += [number, _match("title", words, narrow), *values, most]
            span = PHRASE_SPAN if words.has_phrase else HIGHEST
            parameters += [number, _match("title body", words, narrow), span, *values, most]
        each = SOME.format(created=created, published=published)
        return grouped(_rows(" UNION ALL ".join([each] * len(asked)), tuple(parameters)), len(asked))

    def counts(self, groups: Sequence[Group], below: int) -> tuple[int, list[int]]:
        low = below - 1 - NEWEST
        many = _rows("SELECT count(*) FROM search_posts WHERE place > ? AND place < ?", (low, below))[0][0]
        return many, [_count(Words((group,)), low, below) for group in groups]

    def texts(self, places: Sequence[int], length: int) -> dict[int, str]:
        return dict(_rows(TEXTS, (length, json.dumps(list(places)))))

    def titles(self, ids: Sequence[int]) -> list[Title]:
        return [Title(*row) for row in _rows(TITLES, (json.dumps(list(ids)),))]

    def differ_by_one(self, word: str) -> list[str]:
        shorter = [word[:n] + word[n + 1 :] for n in range(len(word))]
        found = _rows(NEAR, (json.dumps([word, *shorter]), json.dumps(shorter)))
        return sorted({row[0] for row in found} - {word})

    def _bottom(self, words: Words, top: int) -> int:
        """How far down to look: as far as there is, but for common words side by side."""
        if not words.has_phrase or top <= PHRASE_SPAN:
            return 0
        among_newest = max(_count(each, top - NEWEST, top) for each in (words, apart(words)))
        return top - PHRASE_SPAN if among_newest >= COMMON else 0


def _rows(statement: str, values: tuple[Any, ...]) -> list[Any]:
    """All rows, as the driver has them."""
    answer: Any = db.session.connection().exec_driver_sql(statement, values)
    rows: list[Any] = answer.cursor.fetchall()
    answer.close()
    return rows


def _newest() -> int:
    return _rows("SELECT max(place) FROM search_posts", ())[0][0] or 0


def _count(words: Words, above: int, below: int) -> int:
    counted: int = _rows(COUNT, (_match("title body", words, Narrow()), above, below))[0][0]
    return counted


def _match(columns: str, words: Words, narrow: Narrow) -> str:
    """The query as FTS5 reads it. Only letters and digits go in, each word in quotes: nothing can be an operator."""
    parts = [_any(columns, group.phrases) for group in words.groups]
    parts += [
        f"{{tags}} : ({' OR '.join(_quoted(tag) for tag in any_of)})" for any_of in narrow.tags or ((ALL,),)
    ]
    parts += [f"{{author}} : {_quoted('n' + name)}" for name in narrow.author]
    query = " AND ".join(f"({part})" for part in parts)
    if words.without:
        query = f"({query}) NOT ({_any(columns, words.without)})"
    return query


def _any(columns: str, phrases: Sequence[Phrase]) -> str:
    """Any of `phrases`: in `columns`, or, if it is a name in capitals, among these."""
    plain = [_quoted(" ".join(phrase)) for phrase in phrases if not in_capitals(phrase[0])]
    named = [_quoted(phrase[0].lower() + CAPITALS) for phrase in phrases if in_capitals(phrase[0])]
    among = [(columns, plain), ("capitals", named)]
    return " OR ".join(f"({{{where}}} : ({' OR '.join(those)}))" for where, those in among if those)


def _quoted(words: str) -> str:
    return f'"{words}"'


def _dates(column: str, narrow: Narrow) -> tuple[str, tuple[str, ...]]:
    """SQL and values for the days: the tags know months only."""
    limits = [(f" AND {column} >= ?", narrow.begins), (f" AND {column} < ?", narrow.ends)]
    given = [(sql, _as_kept(at)) for sql, at in limits if at is not None]
    return "".join(sql for sql, _ in given), tuple(at for _, at in given)


def _as_kept(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
