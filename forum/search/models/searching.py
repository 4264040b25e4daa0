"""From a query to a page of results."""

from __future__ import annotations

from dataclasses import replace

from forum.search.models.candidates import Batch
from forum.search.models.hits import Wanted, hits_of, openings
from forum.search.models.home import home
from forum.search.models.index import HIGHEST, Narrow
from forum.search.models.keys import Key
from forum.search.models.nearest import some_of
from forum.search.models.query import Query
from forum.search.models.results import MANY, Results
from forum.search.models.spelling import better_spelled
from forum.search.models.wider import wider

FEW = 5  # threads: where fewer are found, those that have only some of the words follow
AT_ONCE = 3  # batches for one page, where what is found was on earlier pages already


def search(query: Query, after: str | None = None, limit: int = 20) -> Results:
    """The page of `query` that follows the key `after`; a key that is none begins at the beginning."""
    if not query.asks:
        return Results(ignored=query.ignored)
    key = Key.read(after)
    results = _page(query, key, limit)
    results.ignored = query.ignored
    if key is None and results.total is not None and results.total < FEW:
        _help(query, results, limit)
    return results


def search_posts(query: Query, limit: int = 50, before: int | None = None) -> list[int]:
    """The places of the posts that `query` finds, newest first, below the place `before`: for a feed. In titles only
    the opening posts are asked."""
    if not query.asks:
        return []
    narrow = Narrow.of(query)
    if query.title:
        threads = home().threads(query.words, narrow, HIGHEST, MANY)
        places = sorted(openings([thread.id for thread in threads]).values(), reverse=True)
        return [place for place in places if before is None or place < before][:limit]
    return [post.place for post in home().posts(query.words, narrow, before, limit).posts]


def _page(query: Query, key: Key | None, limit: int) -> Results:
    key = key or _beginning()
    for _ in range(AT_ONCE):
        batch = Batch.gather(query, key)
        left = batch.left()
        if left or batch.floor is None:
            break
        key = replace(key, below=batch.floor, last=None)
    shown = left[:limit]
    results = Results(
        hits=hits_of([thread.wanted for thread in shown], query.words.groups),
        total=len(batch.threads) if batch.is_whole else None,
        at_least=batch.newest,
        facets=batch.facets(),
    )
    if len(left) > limit:
        results.next = str(replace(key, last=shown[-1].order))
    elif batch.floor is not None:
        results.next = str(replace(key, below=batch.floor, last=None))
    return results


def _beginning() -> Key:
    post, thread = home().newest()
    return Key(post + 1, thread + 1, post + 1)


def _help(query: Query, results: Results, limit: int) -> None:
    """Where little or nothing was found: another spelling, threads with some of the words, wider searches."""
    better = better_spelled(query)
    if better is not None:
        results.did_you_mean = better.text
        if not results.hits:
            page = _page(better, None, limit)
            if page.hits:
                results.hits, results.corrected = page.hits, True
                return
            query = better  # what follows rests on words that somebody has said
    if len(query.words.groups) > 1 and query.order == "relevance" and not query.title:
        known = {hit.thread_id for hit in results.hits}
        others = some_of(query.words, Narrow.of(query), MANY // 100 + len(known))
        loose = [Wanted(thread.id, thread.best) for thread in others if thread.id not in known]
        if loose:
            results.loose = len(results.hits)
            results.hits += hits_of(loose[: MANY // 100 - len(known)], query.words.groups)
    results.wider = wider(query)
