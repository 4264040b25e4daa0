"""A search as the feeds ask for it; see forum/feeds/searches.py, which does not know us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from forum.search.models import Query, search_posts
from forum.search.narrowing import described


@dataclass(frozen=True, slots=True)
class Followed:
    """One search without its order: a feed has the newest first."""

    asked: Query
    title: str
    query: str

    @classmethod
    def ask(cls, parameters: Mapping[str, str]) -> Followed:
        asked = Query.from_args(parameters).but(sort="relevance")
        return cls(asked, described(asked) or "nothing asked for", urlencode(asked.args()))

    def posts(self, limit: int, before: int | None = None) -> list[int]:
        return search_posts(self.asked, limit, before) if self.asked.asks else []
