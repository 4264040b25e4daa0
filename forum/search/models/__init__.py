"""Search: ask with a Query, get Results. The index is kept by the database itself, see docs/search.md.

    query = Query.from_args(request.args)
    results = search(query, after=request.args.get("after"))

`search` answers for everyone alike: what is in the index is public, and nothing else is. A page of results may
rest on `site_version`, since any post that comes, goes or changes moves its prompt's version.
"""

from __future__ import annotations

from forum.search.models.nearest import Finder
from forum.search.models.query import HAS, LONGEST, SORTS, Query
from forum.search.models.results import MANY, Hit, Results
from forum.search.models.searching import search, search_posts

__all__ = ["HAS", "LONGEST", "MANY", "SORTS", "Finder", "Hit", "Query", "Results", "search", "search_posts"]
