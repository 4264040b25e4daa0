"""What an index answers, whichever database keeps it. SQLite and PostgreSQL each have a home in a file of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from forum.discussion.models.catalogue import catalogue
from forum.search.models.parsing import Group, Words
from forum.search.models.query import Query
from forum.search.models.words import tokens

HIGHEST = 2**31 - 1  # id or place
NEWEST = 1_024  # posts in which words are counted to tell the common from the rare
CAPITALS = "x0"  # what a name in capitals ends in, in the index
ALL = "z0"  # the tag that everything has
OPENS = "o1"
SUPPORTED = "v1"
INDEX_TABLES = (
    "search_posts",
    "search_threads",
    "search_words",
    "search_titles",
    "search_spellings",
    "search_deletions",
    "search_months",
    "search_upkeep",
)


class PostRow(NamedTuple):
    """A public post that was found: the index knows it by its place (forum/discussion/models/places.py). Its tags say
    what the migration of the index says that they say."""

    place: int
    thread_id: int
    number: int
    tags: str


class ThreadRow(NamedTuple):
    """A public thread whose title was found."""

    id: int
    tags: str


class Title(NamedTuple):
    """What the ranking knows of a thread."""

    id: int
    title: str
    supporters: int


@dataclass(frozen=True)
class Narrow:
    """What a search is narrowed to: one of each set of `tags`, all of the words of an author's name, a time."""

    tags: tuple[tuple[str, ...], ...] = ()
    author: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None

    @classmethod
    def of(cls, query: Query) -> Narrow:
        tags: list[tuple[str, ...]] = [(each,) for each in _plain_tags(query)]
        if query.begins or query.ends:
            tags.append(_months(query.begins, query.ends))
        return cls(tuple(tags), tuple(tokens(query.author or "")), query.begins, query.ends)

    def tagged(self, tag: str) -> Narrow:
        return Narrow((*self.tags, (tag,)), self.author, self.begins, self.ends)


@dataclass
class Found:
    """Posts, newest first. `floor` is the lowest place that was looked at where there may be more below it."""

    posts: list[PostRow] = field(default_factory=list)
    floor: int | None = None


class Some(NamedTuple):
    """The newest threads that have words in their title, and the newest posts that have them."""

    threads: list[ThreadRow]
    posts: list[PostRow]


class Index(Protocol):
    """The questions. Nothing but what is public is ever in an answer."""

    def newest(self) -> tuple[int, int]:
        """The place of the newest post and the id of the newest thread."""

    def posts(self, words: Words, narrow: Narrow, below: int | None, most: int) -> Found:
        """The newest posts (older than `below`) that have all of `words`, in their text or title: at most `most`."""

    def threads(self, words: Words, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        """The newest threads (older than `below`) that have all of `words` in their title."""

    def titled(self, key: str, narrow: Narrow, below: int, most: int) -> list[ThreadRow]:
        """Threads (older than `below`) of which the title has this key (words.title_key)."""

    def some(self, asked: Sequence[Words], narrow: Narrow, most: int) -> list[Some]:
        """For each of `asked` what `threads` and `posts` would find, all of them by one question. Words side by side
        are looked for among the newest posts only."""

    def counts(self, groups: Sequence[Group], below: int) -> tuple[int, list[int]]:
        """How many are the newest NEWEST posts (older than `below`), and how many of them have each of `groups`."""

    def texts(self, places: Sequence[int], length: int) -> dict[int, str]:
        """The first `length` characters of the posts at these places."""

    def titles(self, ids: Sequence[int]) -> list[Title]:
        """The titles of these threads."""

    def differ_by_one(self, word: str) -> list[str]:
        """Words seen in public that are `word` but for one letter, or two that changed places."""


def grouped(rows: Iterable[Any], many: int) -> list[Some]:
    """Rows of (number of the question, post or 0, thread, number, tags), by question, the newest first."""
    found = [Some([], []) for _ in range(many)]
    for asked, post, thread, number, tags in rows:
        if post:
            found[asked].posts.append(PostRow(post, thread, number, tags))
        else:
            found[asked].threads.append(ThreadRow(thread, tags))
    for some in found:
        some.posts.sort(reverse=True)
        some.threads.sort(reverse=True)
    return found


def apart(words: Words) -> Words:
    """Each word of `words` wherever it stands."""
    alone = [Group(word, ((word,),)) for group in words.groups for word in group.phrases[0]]
    return Words(tuple(dict.fromkeys(alone)))


def _plain_tags(query: Query) -> list[str]:
    known = catalogue()
    prompt, component = known.prompt(query.prompt or ""), known.component(query.component)
    has = {"case-study": "kcasestudy", "answer": "h2", "picture": "h3"}
    found = [
        f"p{prompt.id}" if prompt else "",
        f"c{component.id}" if component else "",
        tag("k", query.kind),
        tag("s", query.position),
        tag("f", query.phase),
        has.get(query.has or "", ""),
    ]
    return [tag for tag in found if tag]


def tag(letter: str, slug: str | None) -> str:
    return letter + slug.replace("-", "") if slug else ""


def _months(begins: datetime | None, ends: datetime | None) -> tuple[str, ...]:
    """The tags of the months and whole years between two moments, as few as cover them."""
    first = begins or datetime(1970, 1, 1, tzinfo=UTC)
    last = min(ends or datetime(2100, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    covered = []
    month = max(first.year, 1970) * 12 + (first.month - 1 if first.year >= 1970 else 0)
    end = last.year * 12 + last.month - 1
    while month <= end:
        year, of_year = divmod(month, 12)
        if of_year == 0 and month + 11 <= end:
            covered.append(f"y{year:04}")
            month += 12
        else:
            covered.append(f"m{year:04}{of_year + 1:02}")
            month += 1
    return tuple(covered) or ("none",)


def is_modelled(name: str | None, type_: str, parents: object) -> bool:
    """For Alembic: the tables of the index, which the database keeps itself, are no models."""
    return type_ != "table" or not (name or "").startswith(INDEX_TABLES)
