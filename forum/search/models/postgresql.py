"""The index in PostgreSQL: a tsvector with GIN, asked for one window of places after another.

GIN answers with all matches at once and in no order. So each row carries tags for the 4,096 and the 65,536 places
that it stands among, and a search begins with the newest window. What few posts have is then asked for at once: to
look up in which windows a post stands takes longer than to read it. Of what many have, as many windows as it seems to
need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from forum.core.db import db
from forum.search.models.index import (
    ALL,
    CAPITALS,
    NEWEST,
    Found,
    Narrow,
    PostRow,
    Some,
    ThreadRow,
    Title,
    grouped,
)
from forum.search.models.parsing import Group, Words
from forum.search.models.synonyms import Phrase
from forum.search.models.words import in_capitals

SMALL, LARGE = 12, 16  # bits of a window
FIRST = 4_096  # places in the first window
MOST_SMALL, MOST_LARGE = 9, 17  # windows in one question
FEW = 6_000  # posts
MANY = 0.05  # of the newest posts: what these have is not few, whatever was expected
RECHECKS = 12_000  # rows in which places of words are compared for one answer
LONG_AGO, FAR_OFF = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
DEEPEST, SIDE_BY_SIDE = 4, 2  # how often search_newest_posts goes further down, for words and for phrases
PHRASES = 200  # found ones after which no further window is opened

# MATERIALIZED and + 0: the planner is not to walk the primary key in the hope of meeting matches soon, nor because a
# plan for any values takes every range of places for a small one.
POSTS = (
    "WITH m AS MATERIALIZED (SELECT place, thread_id, number, tags FROM search_posts"
    " WHERE words @@ ({match}) AND place + 0 >= %s AND place + 0 < %s{dates})"
    " SELECT place, thread_id, number, tags FROM m ORDER BY place DESC LIMIT %s"
)
THREADS = (
    "WITH m AS MATERIALIZED (SELECT thread_id, tags FROM search_threads"
    " WHERE words @@ ({match}) AND thread_id + 0 < %s{dates})"
    " SELECT thread_id, tags FROM m ORDER BY thread_id DESC LIMIT %s"
)
ASKED = (
    "WITH asked AS MATERIALIZED (SELECT number - 1 AS number, deepest, to_tsquery('search_english', words) AS words"
    " FROM unnest(%s::text[], %s::integer[]) WITH ORDINALITY AS a (words, deepest, number)),"
    " wanted AS MATERIALIZED (SELECT number, deepest,"
    " CASE WHEN %s = '' THEN words ELSE words && %s::tsquery END AS words"
    " FROM asked WHERE numnode(words) > 0)"
    " SELECT w.number, 0, f.thread_id, 0, f.tags"
    " FROM wanted w CROSS JOIN LATERAL search_newest_threads(w.words, %s, %s, %s) f"
    " UNION ALL SELECT w.number, f.place, f.thread_id, f.number, f.tags"
    " FROM wanted w CROSS JOIN LATERAL search_newest_posts(w.words, %s, %s, w.deepest, %s) f"
)
TITLED = (
    'SELECT thread_id, tags FROM search_threads WHERE "key" = %s AND words @@ %s::tsquery AND thread_id < %s{dates}'
    " ORDER BY thread_id DESC LIMIT %s"
)
THERE = "SELECT count(*) FROM search_posts WHERE place > %s AND place < %s"
LAST_SPAN = "SELECT max(span) FROM search_months WHERE month BETWEEN %s AND %s"
COUNT = "SELECT count(*) FROM search_posts WHERE words @@ ({match}) AND place > %s AND place < %s"
SHARE = "SELECT search_share({match})"
TEXTS = "SELECT place, left(source, %s) FROM posts WHERE place = ANY (%s)"
TITLES = "SELECT id, title, supporters_count FROM threads WHERE id = ANY (%s)"
NEAR = (
    "SELECT word FROM search_deletions WHERE form = ANY (%s)"
    " UNION SELECT word FROM search_spellings WHERE word = ANY (%s)"
)


class PostgreSQL:
    """See index.Index."""

    def newest(self) -> tuple[int, int]:
        return _newest(), _rows("SELECT max(thread_id) FROM search_threads", ())[0][0] or 0

    def posts(self, words: Words, narrow: Narrow, below: int | None, most: int) -> Found:
        if not _means(words):
            return Found()
        top = below if below is not None else _newest() + 1
        if narrow.begins is not None or narrow.ends is not None:
            top = min(top, _above(narrow))
        if top <= 0:
            return Found()
        enough = PHRASES if words.has_phrase else most + 1
        found, search = Found(), _Descent(words, narrow, top)
        while len(found.posts) <= most:
            found.posts += search.window(most + 1 - len(found.posts))
            if search.low == search.bottom or len(found.posts) >= enough:
                found.floor = search.low or None
                break
            search.descend(len(found.posts), enough)
        if len(found.posts) > most:
            del found.posts[most:]
            found.floor = found.posts[-1].place
        return found

    def threads(self, words: Words, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        if not _means(words):
            return []
        dates, values = _dates("created_at", narrow)
        match, wanted = _match(words, narrow)
        rows = _rows(THREADS.format(match=match, dates=dates), (*wanted, below, *values, most))
        return [ThreadRow(*row) for row in rows]

    def titled(self, key: str, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        dates, values = _dates("created_at", narrow)
        rows = _rows(TITLED.format(dates=dates), (key, _tags(narrow) or f"'#{ALL}'", below, *values, most))
        return [ThreadRow(*row) for row in rows]

    def some(self, asked: Sequence[Words], narrow: Narrow, most: int) -> list[Some]:
        tags = _tags(narrow)
        between = narrow.begins or LONG_AGO, narrow.ends or FAR_OFF
        deepest = [SIDE_BY_SIDE if words.has_phrase else DEEPEST for words in asked]
        values = ([_wanted(words) for words in asked], deepest, tags, tags, *between, most, *between, most)
        return grouped(_rows(ASKED, values), len(asked))

    def counts(self, groups: Sequence[Group], below: int) -> tuple[int, list[int]]:
        there: int = _rows(THERE, (below - 1 - NEWEST, below))[0][0]
        return there, [_count(Words((group,)), below) for group in groups]

    def texts(self, places: Sequence[int], length: int) -> dict[int, str]:
        return dict(_rows(TEXTS, (length, list(places))))

    def titles(self, ids: Sequence[int]) -> list[Title]:
        return [Title(*row) for row in _rows(TITLES, (list(ids),))]

    def differ_by_one(self, word: str) -> list[str]:
        shorter = [word[:n] + word[n + 1 :] for n in range(len(word))]
        return sorted({row[0] for row in _rows(NEAR, ([word, *shorter], shorter))} - {word})


class _Descent:
    """The way from the place `top` down: the window between `low` and `top` is looked at, then the one below it, as far
    as `bottom`. Words side by side are compared with each post that has them, so of common ones not all are."""

    def __init__(self, words: Words, narrow: Narrow, top: int) -> None:
        self.words, self.narrow, self.top = words, narrow, top
        self.low, self.bottom = _aligned(top - FIRST, FIRST), 0
        self._from, self._windows = top, _windows(self.low, top)
        self._share: float | None = None

    def window(self, most: int) -> list[PostRow]:
        """The newest that are in it."""
        match, values = _match(self.words, self.narrow, self._windows)
        dates, between = _dates("published_at", self.narrow)
        statement = POSTS.format(match=match, dates=dates)
        return [PostRow(*row) for row in _rows(statement, (*values, self.low, self.top, *between, most))]

    def descend(self, found: int, enough: int) -> None:
        """To the window in which the rest seems to be, where `found` are above it and `enough` are wanted."""
        if self._share is None:
            self._share = _share(self.words, self.narrow)
            if self.words.has_phrase:
                span = int(RECHECKS / max(self._share, 1e-6))
                self.bottom = _aligned(self.top - span, span) if span < self.top else 0
        looked = self._from - self.low
        seen, self.top = found / looked, self.low
        if self._share * self._from <= FEW and seen <= MANY:
            self.low, self._windows = 0, ()
            return
        size = int(1.3 * max(enough - found, 0) / max(seen, self._share))
        size = min(max(size, looked), (MOST_LARGE - 1) << LARGE)
        self.low = max(self.bottom, _aligned(self.top - size, size))
        self._windows = _windows(self.low, self.top)


def _rows(statement: str, values: tuple[Any, ...]) -> list[Any]:
    """All rows, as the driver has them."""
    answer: Any = db.session.connection().exec_driver_sql(statement, values)
    rows: list[Any] = answer.cursor.fetchall()
    answer.close()
    return rows


def _newest() -> int:
    return _rows("SELECT max(place) FROM search_posts", ())[0][0] or 0


def _above(narrow: Narrow) -> int:
    """A place above those of all posts of the months that are asked for."""
    first, last = (
        (at or limit).strftime("%Y%m") for at, limit in ((narrow.begins, LONG_AGO), (narrow.ends, FAR_OFF))
    )
    span = _rows(LAST_SPAN, (first, last))[0][0]
    return 0 if span is None else (span + 1) << SMALL


def _count(words: Words, below: int) -> int:
    """Posts with `words` among the newest below `below`."""
    above = max(0, below - 1 - NEWEST)
    match, values = _match(words, Narrow(), _windows(above + 1, below))
    counted: int = _rows(COUNT.format(match=match), (*values, above, below))[0][0]
    return counted


def _share(words: Words, narrow: Narrow) -> float:
    """The share of all places that seem to be posts that match."""
    match, values = _match(words, narrow)
    share: float = _rows(SHARE.format(match=match), values)[0][0]
    return share


def _aligned(low: int, size: int) -> int:
    """`low`, or as little below it as a window begins."""
    bits = SMALL if size <= (MOST_SMALL - 1) << SMALL else LARGE
    return max(0, low >> bits << bits)


def _windows(low: int, top: int) -> tuple[str, ...]:
    """The tags of the windows between two places."""
    small = range(low >> SMALL, (top - 1 >> SMALL) + 1)
    if len(small) <= MOST_SMALL:
        return tuple(f"w{number}" for number in small)
    return tuple(f"x{number}" for number in range(low >> LARGE, (top - 1 >> LARGE) + 1))


def _means(words: Words) -> bool:
    """PostgreSQL sees a word in this; what it cannot read it would leave out, and find everything."""
    wanted = _wanted(words)
    if wanted.isascii():
        return True
    nodes: int = _rows("SELECT numnode(to_tsquery('search_english', %s))", (wanted,))[0][0]
    return nodes > 0


def _wanted(words: Words) -> str:
    """The words as to_tsquery reads them, which finds the stems. Only letters and digits go in, each in quotes."""
    parts = [f"({' | '.join(map(_phrase, group.phrases))})" for group in words.groups]
    parts += [f"!{_phrase(phrase)}" for phrase in words.without]
    return " & ".join(parts)


def _phrase(phrase: Phrase) -> str:
    quoted = [f"'{_spelled(word)}'" for word in phrase]
    return f"({' <-> '.join(quoted)})"


def _spelled(word: str) -> str:
    """The migration of the index says what marks a name in capitals, and why a short word that ends in s has a zero."""
    if in_capitals(word):
        return word.lower() + CAPITALS
    return f"{word}0" if len(word) == 2 and word[1] == "s" else word


def _match(words: Words, narrow: Narrow, windows: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    """SQL and values for what is looked for. What must not be said alone is looked for among everything."""
    tags = _tags(narrow, windows) or ("" if words.groups else f"'#{ALL}'")
    sql = "to_tsquery('search_english', %s)"
    return (f"{sql} && %s::tsquery", (_wanted(words), tags)) if tags else (sql, (_wanted(words),))


def _tags(narrow: Narrow, windows: tuple[str, ...] = ()) -> str:
    sets = [*narrow.tags, *([windows] if windows else [])]
    parts = ["('#" + "' | '#".join(any_of) + "')" for any_of in sets]
    parts += [f"'@{_spelled(name)}'" for name in narrow.author]
    return " & ".join(parts)


def _dates(column: str, narrow: Narrow) -> tuple[str, tuple[Any, ...]]:
    """SQL and values for the days: the tags know months only."""
    limits = [(f" AND {column} >= %s", narrow.begins), (f" AND {column} < %s", narrow.ends)]
    given = [(sql, at) for sql, at in limits if at is not None]
    return "".join(sql for sql, _ in given), tuple(at for _, at in given)
