"""Finding what has been said: the page of results, and what is near to a title that someone is typing."""

from __future__ import annotations

from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.core.freshness import fresh
from forum.core.limits import limiter, person
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import ThreadRow, site_version
from forum.discussion.models.words import KINDS
from forum.search.models import LONGEST, SORTS, Finder, Hit, Query, Results, search
from forum.search.models.empty import EmptySearch
from forum.search.narrowing import address, choices, described, facets, limits, unlimited

bp = Blueprint("search", __name__)

GENEROUS = "300 per minute"
NEAREST = 3
IN_ORDER = ("sort", "relevance")
DATES = {"since": "From", "until": "To"}
EXAMPLES = {
    "marking feedback": "posts with both words, in any of their forms",
    '"comment only marking"': "exactly these words, in this order",
    "marking -homework": "posts about marking that do not speak of homework",
    "SEN": "the short name, and special educational needs, SEND and the others too",
    "assessment in:title": "threads whose title has the word",
    'homework author:"Ada Obi"': "what somebody wrote under that name",
    "homework kind:case-study phase:primary": "case studies from primary schools",
    "homework has:answer since:2026": "what has been said since 2026, where the team has answered",
}


@bp.get("/search")
@fresh(site_version)
def results() -> ResponseReturnValue:
    if shorter := _without_empty_fields():
        return redirect(shorter)
    query = Query.from_args(request.args)
    wrong = {name: title for name, title in DATES.items() if _typed(name) and not getattr(query, name)}
    if wrong:
        return render_template("search/results.html", **_form(query, wrong)), 422
    if not query.asks:
        return render_template("search/start.html", **_form(query), examples=EXAMPLES)
    after = request.args.get("after")
    found = _found(query, after)
    if not (after or found.found or found.corrected or limits(query)):
        EmptySearch.note(query.text)
    return render_template("search/results.html", **_form(query), **_shown(query, found), after=after)


@bp.get("/search/nearest")
@fresh(site_version, public=True)
def nearest() -> ResponseReturnValue:
    """The threads (of `kind`) nearest to `title`, as JSON {"count": …, "html": …}: asked by the script of the form
    for a new thread while someone types."""
    kind = request.args.get("kind")
    rows = _nearest(request.args.get("title", "")[:LONGEST], kind if kind in choices()["kind"] else None)
    return jsonify(count=len(rows), html=render_template("search/nearest.html", rows=rows))


@limiter.shared_limit(GENEROUS, scope="search", key_func=person)
def _found(query: Query, after: str | None) -> Results:
    """What is looked for anew. What the porch keeps, and what a browser has already, does not count."""
    return search(query, after)


@limiter.shared_limit(GENEROUS, scope="nearest", key_func=person)
def _nearest(words: str, kind: str | None) -> list[ThreadRow]:
    return Finder().nearest(words, NEAREST, kind) if words.strip() else []


def _form(query: Query, wrong: dict[str, str] | None = None) -> dict[str, Any]:
    """What the form shows: dates as they were typed, and what each field may be."""
    return {
        "query": query,
        "typed": {name: _typed(name) or getattr(query, name) or "" for name in DATES},
        "wrong": wrong or {},
        "form_errors": bool(wrong),
        "known": choices(),
        "orders": SORTS,
        "longest": LONGEST,
    }


def _shown(query: Query, found: Results) -> dict[str, Any]:
    """What the page says of the results, with the addresses of all other searches it leads to."""
    meant = query.but(text=found.did_you_mean) if found.did_you_mean else None
    return {
        "results": found,
        "parts": _parts(found),
        "kinds": {str(kind): name for kind, name in KINDS.items()},
        "prompts": catalogue().prompts,
        "limits": limits(query),
        "facets": facets(query, found),
        "unlimited": address(unlimited(query)),
        "sorts": {sort: (name, address(query.but(sort=sort))) for sort, name in SORTS.items()},
        "did_you_mean": address(meant) if meant else None,
        "switched": address(query.but(plain=not query.plain)),
        "wider": [(text, f"/search?{urlencode(args)}") for text, args in found.wider],
        "here": address(query),
        "next": address(query, after=found.next) if found.next else None,
        "described": described(query),
        "carried": " ".join(group.typed for group in query.words.groups),
        "saved_as": urlencode(query.args()),
        "feed_query": "?" + urlencode(query.but(sort="relevance").args()),
    }


def _parts(found: Results) -> list[tuple[str, list[Hit]]]:
    """The hits, and apart from them those that have only some of the words."""
    if found.loose is None:
        return [("", found.hits)]
    hits = iter(found.hits)
    whole = list(islice(hits, found.loose))
    return [part for part in (("", whole), ("With some of your words", list(hits))) if part[1]]


def _without_empty_fields() -> str | None:
    """A form sends its empty fields too: the address without them, if there are any, is the one to keep and pass on."""
    said = {
        name: value for name, value in request.args.items() if value.strip() and (name, value) != IN_ORDER
    }
    return None if len(said) == len(request.args) else "/search" + (f"?{urlencode(said)}" if said else "")


def _typed(name: str) -> str:
    return request.args.get(name, "").strip()
