"""Searches that find more than the one that found little."""

from __future__ import annotations

from collections.abc import Iterator

from forum.search.models.home import home
from forum.search.models.index import HIGHEST, Narrow
from forum.search.models.parsing import QUOTES
from forum.search.models.query import Query
from forum.search.models.results import Args

WITHOUT = {
    "prompt": "under any prompt",
    "component": "about any component",
    "kind": "of any kind",
    "author": "by anyone",
    "position": "by people in any position",
    "phase": "in any phase",
    "since": "from any date",
    "until": "up to today",
    "has": "with or without an answer, a picture or a case study",
}
MOST = 6


def wider(query: Query) -> list[tuple[str, Args]]:
    """What each would change, in words, and its parameters: only those that find something, at most MOST."""
    found: list[tuple[str, Args]] = []
    for label, other in _others(query):
        if len(found) == MOST:
            break
        if other.asks and other.args() != query.args() and _finds(other):
            found.append((label, other.args()))
    return found


def _others(query: Query) -> Iterator[tuple[str, Query]]:
    if query.title:
        yield "anywhere, not only in titles", query.but(title=False)
    for name in query.filters:
        yield WITHOUT[name], query.but(**{name: None})
    if len(query.filters) > 1:
        yield "without any of the filters", query.but(**dict.fromkeys(query.filters))
    if query.plain and query.but(plain=False).words.added:
        yield "with other names for the same", query.but(plain=False)
    straight = query.text.translate(QUOTES)
    if '"' in straight:
        yield "without the quotation marks", query.but(text=" ".join(straight.replace('"', " ").split()))
    groups = query.words.groups
    if 1 < len(groups) <= MOST:
        for group in groups:
            left = [
                f'"{other.typed}"' if other.quoted else other.typed for other in groups if other is not group
            ]
            yield f"without “{group.typed}”", query.but(text=" ".join(left))


def _finds(query: Query) -> bool:
    index, narrow = home(), Narrow.of(query)
    if query.title:
        return bool(index.threads(query.words, narrow, HIGHEST, 1))
    return bool(index.posts(query.words, narrow, None, 1).posts)
