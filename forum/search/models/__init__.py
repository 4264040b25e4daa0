"""Search: ask with a Query, get Results. The index is kept by the database itself, see docs/search.md.

    query = Query.from_args(request.args)
    results = search(query, after=request.args.get("after"))

`search` answers for everyone alike: what is in the index is public, and nothing else is. A page of results may
rest on `site_version`, since any post that comes, goes or changes moves its prompt's version.
"""

from __future__ import annotations

from forum.search.models.query import HAS, LONGEST, SORTS, Query
from forum.search.models.results import MANY, Hit, Results

__all__ = ["HAS", "LONGEST", "MANY", "SORTS", "Finder", "Hit", "Query", "Results", "search", "search_posts"]


def search(query: Query, after: str | None = None, limit: int = 20) -> Results:
    """The page of `query` that follows the key `after`; a key that is none begins at the beginning."""
    raise NotImplementedError


def search_posts(query: Query, limit: int = 50, before: int | None = None) -> list[int]:
    """The ids of the posts that `query` finds, newest first, older than post `before`: for a feed."""
    raise NotImplementedError


class Finder:
    """Answers forum.discussion.nearest: threads by what they say (see its protocol)."""
