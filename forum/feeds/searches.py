"""A search as a feed. What answers it stands beside this package, so it is asked by name and nothing here knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Flask, current_app

from forum.discussion.models import Post
from forum.feeds.archives import Block
from forum.feeds.rows import Place, places
from forum.feeds.streams import Posts


class Search(Protocol):
    """One search that anyone may ask. `title` says it in words, `query` is what its address has after "?"."""

    @property
    def title(self) -> str: ...

    @property
    def query(self) -> str: ...

    def posts(self, limit: int, before: int | None = None) -> list[int]:
        """The places of the posts it finds, newest first, below `before`."""


Ask = Callable[[Mapping[str, str]], Search]


def answered_by(app: Flask, ask: Ask) -> None:
    """Let `ask` read the parameters of a feed's address."""
    app.extensions["searches"] = ask


def asked_search(parameters: Mapping[str, str]) -> Search:
    ask: Ask = current_app.extensions["searches"]
    return ask(parameters)


@dataclass(frozen=True, kw_only=True)
class SearchPosts(Posts):
    """The posts that a search finds. A post that is taken away is no longer found, so it leaves no tombstone here;
    the index is read backwards only, so an archive page does not name the one after it."""

    search: Search

    def newest(self, limit: int) -> list[Place]:
        return self._shown(self.search.posts(limit))

    def below(self, position: int) -> int | None:
        return next(iter(self.search.posts(1, position)), None)

    def above(self, position: int, end: int) -> int | None:
        return None

    def within(self, block: Block, limit: int) -> list[Place]:
        size = block.last - block.first + 1
        found = self.search.posts(min(limit, size), block.last + 1)
        return self._shown([place for place in found if place >= block.first])

    def removed(self, since: datetime) -> list[int]:
        return []

    def _shown(self, found: Sequence[int]) -> list[Place]:
        """Looked at once more in the table itself, which has the last word on what anyone may read."""
        return places(self.shown().where(Post.place.in_(found)).order_by(Post.place.desc())) if found else []
