"""The library of case studies: what is chosen, how much each choice leaves, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from forum.case_studies.models.facets import SORTS, Asked, Facet, facets
from forum.case_studies.models.library import study_rows
from forum.case_studies.models.shelf import shelf
from forum.case_studies.views import bp
from forum.core.freshness import fresh
from forum.core.paging import PER_PAGE, Pages, asked_page, pages_of
from forum.discussion.models.lists import site_version

PATH = "/case-studies"
PRINTED = 200  # studies on the page for paper
EXPORTED = 5_000  # studies in a file


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet. `url` is the view without it, where it is chosen."""

    value: str
    words: str
    count: int
    url: str = ""

    @property
    def is_chosen(self) -> bool:
        return bool(self.url)


@bp.get(PATH)
@fresh(site_version)
def library() -> ResponseReturnValue:
    """`?print=1` is the whole view on one page, for paper: the first PRINTED studies of it."""
    asked, printed = Asked.of(request.args), request.args.get("print") == "1"
    per_page = PRINTED if printed else PER_PAGE
    kept = shelf()
    found, counts = kept.ids_of(asked), kept.counts(asked.chosen)
    number, last = asked_page(request.args.get("page")), pages_of(len(found), per_page)
    if number is None or number > (1 if printed else last):
        abort(404)
    return render_template(
        "case_studies/print.html" if printed else "case_studies/library.html",
        asked=asked,
        cleared=Asked(sort=asked.sort),
        words=asked.words(),
        studies=study_rows(found[(number - 1) * per_page : number * per_page]),
        count=len(found),
        total=len(kept.ids),
        facets=[(facet, _choices(facet, counts[facet.name], asked)) for facet in facets()],
        sorts=SORTS,
        pages=Pages(number, last, lambda n: address(asked, page=n if n > 1 else None)),
        address=address,
        feed_query=asked.query,
        most_printed=PRINTED,
        most_exported=EXPORTED,
    )


def address(asked: Asked, path: str = PATH, **more: object) -> str:
    """The URL of a view, in one spelling for each."""
    query = urlencode([*asked.pairs(), *((name, value) for name, value in more.items() if value is not None)])
    return path + (f"?{query}" if query else "")


def _choices(facet: Facet, counts: dict[str, int], asked: Asked) -> list[Choice]:
    """What there is to choose: each value that would leave something, and each that is chosen."""
    chosen = asked.chosen.get(facet.name, ())
    return [
        Choice(
            value,
            words,
            counts[value],
            address(asked.without(facet.name, value)) if value in chosen else "",
        )
        for value, words in facet.choices.items()
        if counts[value] or value in chosen
    ]
