"""What a search is narrowed to, in words, and the addresses of narrower, wider and other searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from forum.accounts.models import PHASES, POSITIONS
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import KINDS
from forum.search.models import HAS, Query, Results

TITLES = {
    "prompt": "Prompt",
    "component": "Component",
    "kind": "Kind",
    "position": "Written by",
    "phase": "Phase",
    "has": "Has",
    "author": "Author",
    "since": "From",
    "until": "To",
    "title": "Only in titles",
}
FACETS = ("kind", "prompt", "component", "position", "phase")


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that a search is narrowed to. `url` is the search without it."""

    title: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to narrow a search. `count` is how many threads it leaves, or None where nobody counts."""

    text: str
    url: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Facet:
    title: str
    choices: list[Choice]


def address(query: Query, **more: str) -> str:
    """Where `query` is answered."""
    parameters = urlencode({**query.args(), **more})
    return "/search" + (f"?{parameters}" if parameters else "")


def choices() -> dict[str, dict[str, str]]:
    """What each filter may be: slugs and their words."""
    return {
        "prompt": {row.slug: row.title for row in catalogue().prompts},
        "component": {row.slug: row.name for row in catalogue().components},
        "kind": {str(kind): name for kind, name in KINDS.items()},
        "position": POSITIONS,
        "phase": PHASES,
        "has": HAS,
    }


def limits(query: Query) -> list[Limit]:
    """Everything but the words, as people read it."""
    known = choices()
    found = []
    for name, title in TITLES.items():
        value: Any = getattr(query, name)
        if not value:
            continue
        without = query.but(**{name: False if name == "title" else None})
        found.append(Limit(title, _in_words(name, value, known), address(without)))
    return found


def unlimited(query: Query) -> Query:
    """The words alone."""
    return Query(text=query.text, plain=query.plain, sort=query.sort)


def facets(query: Query, results: Results) -> list[Facet]:
    """How the search can be narrowed further: by what was found, or by everything there is where that is not
    counted. A facet that would change nothing is left out."""
    known = choices()
    found = []
    for name in FACETS:
        if getattr(query, name):
            continue
        counted = results.facets.get(name)
        counts = dict.fromkeys(known[name]) if counted is None else counted
        offered = [
            Choice(known[name][slug], address(query.but(**{name: slug})), count)
            for slug, count in counts.items()
            if slug in known[name]
        ]
        if len(offered) > 1 or (offered and offered[0].count != results.total):
            found.append(Facet(TITLES[name], offered))
    return found


def described(query: Query) -> str:
    """The search in one line: its words, and what it is narrowed to."""
    parts = [f"“{query.text}”"] if query.text else []
    parts += [_said(limit) for limit in limits(query)]
    return ", ".join(parts)


def _in_words(name: str, value: Any, known: dict[str, dict[str, str]]) -> str:
    if name in ("since", "until"):
        return f"{value.day} {value:%B %Y}"
    if name in known:
        return known[name].get(value, str(value))
    return "" if name == "title" else str(value)


def _said(limit: Limit) -> str:
    return f"{limit.title}: {limit.value}" if limit.value else limit.title
