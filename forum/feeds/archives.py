"""How a stream becomes documents: the newest entries to subscribe to, and archive pages for all before them.

A stream is read along one index, and everything in it has a position there: in a thread's own feed a post's
number, elsewhere the place that it took when it became public (forum/discussion/models/places.py), so that
nothing comes in late among what is old. Archive pages (RFC 5005 §4) are fixed blocks of positions. The
subscription document begins where a block begins, so that all before it stands in blocks that are complete: a
reader who has seen one need never fetch it again.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import SQLColumnExpression

from forum.core.db import now
from forum.feeds.entries import Deleted
from forum.feeds.rows import Condition, Item, Names, Place, Places, places

WINDOW = 50
LARGEST = 200
LARGEST_ARCHIVE = 500
RECENT = timedelta(days=7)
REMOVED_SINCE = timedelta(days=30)

# How many positions an archive page covers. The smallest must leave room for WINDOW in LARGEST; a larger one
# is used where it holds no more than LARGEST.
BLOCKS: dict[str, tuple[int, ...]] = {
    "thread posts": (50,),
    "site posts": (100,),
    "prompt posts": (100, 500),
    "component posts": (100, 500),
    "person posts": (100, 5_000),
    "site answers": (50,),
    "thread answers": (50,),
    "site decisions": (50,),
    "site threads": (50,),
    "prompt threads": (50, 200),
    "component threads": (50, 200),
    "search posts": (100, 1_000, 10_000, 100_000),
    "person threads": (50, 2_000),
    "case studies": (50, 2_000),
}


@dataclass(frozen=True, slots=True)
class Block:
    """The positions of one archive page, both ends included."""

    first: int
    last: int

    @classmethod
    def around(cls, position: int, size: int) -> Block:
        first = (position - 1) // size * size + 1
        return cls(first, first + size - 1)

    @classmethod
    def named(cls, name: str) -> Block | None:
        """The block that a URL names, "101-200"."""
        found = re.fullmatch(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})", name, re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def name(self) -> str:
        return f"{self.first}-{self.last}"

    def complete(self, end: int) -> bool:
        """Nothing is added to it any more; the margin is for what is being written at this moment."""
        return end >= self.last + WINDOW


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a stream, newest first."""

    items: Sequence[Item]
    deleted: Sequence[Deleted]
    block: Block | None = None
    previous: Block | None = None
    next: Block | None = None


@dataclass(frozen=True, kw_only=True)
class Stream(ABC):
    """One feed: `where` narrows it, `path` is its address without the format, `page` the page it follows.

    `personal` is a person's own: its tombstones do not say why, because the thread, which says why, does not
    say who. `query` is what its address has after "?", where one path has many feeds."""

    names: Names
    title: str
    path: str
    page: str
    sizes: tuple[int, ...]
    where: tuple[Condition, ...] = ()
    personal: bool = False
    query: str = ""

    def address(self, format: str, block: Block | None = None) -> str:
        """Where it stands in this format, or an archive page of it."""
        parameters = "&".join(filter(None, (self.query, f"archive={block.name}" if block else "")))
        return self.names.address(f"{self.path}.{format}" + (f"?{parameters}" if parameters else ""))

    # Its documents

    def subscription(self) -> Part:
        """The newest: WINDOW entries or those of RECENT, and what was removed lately, however old."""
        places, first = self.window()
        ids = {place.id for place in places}
        items, deleted = self.entries([*ids.union(self.removed(now() - REMOVED_SINCE))])
        end = self.end() if first > 1 else 0
        return Part([item for item, id in items if id in ids], deleted, previous=self._before(first, end))

    def archive(self, block: Block) -> Part | None:
        """An archive page; None where there is none at `block`."""
        size, end = block.last - block.first + 1, self.end()
        if size not in self.sizes or block != Block.around(block.first, size) or not block.complete(end):
            return None
        places = self.within(block, LARGEST_ARCHIVE + 1)
        if len(places) > LARGEST_ARCHIVE or not (places or self.has_gaps):
            return None
        items, deleted = self.entries([place.id for place in places])
        later = self.above(block.last, end)
        following = None if later is None else self._block(later, end)
        return Part(
            [item for item, _ in items],
            deleted,
            block,
            self._before(block.first, end),
            following if following and following.complete(end) else None,
        )

    def window(self) -> tuple[list[Place], int]:
        """What the subscription document shows, and the position at which it begins."""
        places = self.newest(LARGEST + 1)
        return self.cut(places, whole=len(places) <= LARGEST)

    def cut(self, places: list[Place], whole: bool) -> tuple[list[Place], int]:
        """`places`, newest first, down to the beginning of a block. `whole` says that there are no others."""
        since = now() - RECENT
        wanted = min(LARGEST, max(WINDOW, sum(place.published >= since for place in places)))
        if whole and len(places) <= wanted:
            return places, 1
        size = min(self.sizes)
        first = Block.around(places[min(wanted, len(places)) - 1].position, size).first
        if len(places) > LARGEST and places[LARGEST].position >= first:
            first = Block.around(places[LARGEST].position, size).last + 1
        return [place for place in places if place.position >= first], first

    def _before(self, position: int, end: int) -> Block | None:
        earlier = self.below(position) if position > 1 else None
        return None if earlier is None else self._block(earlier, end)

    def _block(self, position: int, end: int) -> Block:
        """The largest complete block around `position` that holds no more than LARGEST."""
        for size in sorted(self.sizes, reverse=True)[:-1]:
            block = Block.around(position, size)
            if block.complete(end) and len(self.within(block, LARGEST + 1)) <= LARGEST:
                return block
        return Block.around(position, min(self.sizes))

    # Its index

    has_gaps = False  # True where an archive page may be empty, as a stepping stone

    @property
    @abstractmethod
    def position(self) -> SQLColumnExpression[Any]: ...

    @abstractmethod
    def shown(self) -> Places:
        """The places of what anyone may read."""

    @abstractmethod
    def ever(self) -> Places:
        """The places of what anyone may read or might once have read."""

    @abstractmethod
    def end(self) -> int:
        """The newest position that is taken, here or elsewhere on the site."""

    def newest(self, limit: int) -> list[Place]:
        return places(self.shown().order_by(self.position.desc()).limit(limit))

    def below(self, position: int) -> int | None:
        query = self.shown().where(self.position < position).order_by(self.position.desc())
        return next((place.position for place in places(query.limit(1))), None)

    def above(self, position: int, end: int) -> int | None:
        query = self.shown().where(self.position > position).order_by(self.position)
        return next((place.position for place in places(query.limit(1))), None)

    def within(self, block: Block, limit: int) -> list[Place]:
        query = self.ever().where(self.position.between(block.first, block.last))
        return places(query.order_by(self.position.desc()).limit(limit))

    # Its entries

    @abstractmethod
    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        """What stands in the feed for these ids, newest first, each with its id; and tombstones."""

    @abstractmethod
    def removed(self, since: datetime) -> list[int]:
        """What was taken out of the stream since then, the newest removals first."""
