"""By what the library of case studies can be narrowed, and what one reader has asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import abort
from sqlalchemy import ColumnElement, case, or_
from werkzeug.datastructures import MultiDict

from forum.accounts.models import PHASES
from forum.case_studies.models.facts import NUMBERS
from forum.case_studies.models.scales import COST_BANDS, MARKS, REGIONS, SCHOOL_TYPES
from forum.case_studies.models.studies import CaseStudy
from forum.discussion.models.catalogue import catalogue

SORTS = {
    "newest": "Newest",
    "tried": "Most tried by others",
    "confirmed": "Confirmed most recently",
    "title": "Title, A to Z",
}
NEWEST = "newest"
Chosen = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to choose by. `name` is its parameter in the URL and, of most, the column; `choices` are the values
    in order, with their words. A study has at most one of them, except of components."""

    name: str
    label: str
    choices: dict[str, str]
    hint: str = ""

    @property
    def values(self) -> dict[Any, str]:
        """What the column holds, and the choice that it stands for."""
        return {int(value) if self.name in NUMBERS else value: value for value in self.choices}

    @property
    def column(self) -> ColumnElement[Any]:
        """What says a study's value; of the components it is a set of bits."""
        if self.name == "tried":
            return case((STUDIES.c.tried_count > 0, "yes"), else_="no")
        if self.name == "renewal":
            return case((STUDIES.c.renewal_asked_at.is_not(None), "yes"), else_="no")
        column: ColumnElement[Any] = STUDIES.c["component_bits" if self.name == COMPONENT else self.name]
        return column


STUDIES: Any = CaseStudy.__table__
COMPONENT = "component"
BEFORE_MARKS = (
    Facet("phase", "Phase", PHASES),
    Facet("region", "Region", REGIONS),
    Facet("school_type", "Type of school", SCHOOL_TYPES),
    Facet("cost_band", "Money", COST_BANDS),
)
AUTHORS_MARKS = tuple(
    Facet(
        f"{mark.name}_mark",
        mark.label,
        {str(step): words for step, words in mark.scale.items()},
        "As the author marks it",
    )
    for mark in MARKS
)
AFTER_MARKS = (
    Facet("tried", "In other schools", {"yes": "Tried by others", "no": "Not tried by others yet"}),
    Facet(
        "renewal",
        "Up to date",
        {"no": "Confirmed in the last two years", "yes": "Needs to be confirmed again"},
    ),
)


def facets() -> tuple[Facet, ...]:
    """All there are, in order. The components are the conversation's own."""
    components = {row.slug: row.name for row in catalogue().components}
    return (
        Facet(COMPONENT, "Part of personalised learning", components),
        *BEFORE_MARKS,
        *AUTHORS_MARKS,
        *AFTER_MARKS,
    )


@dataclass(frozen=True)
class Asked:
    """What is asked of the library: the choices of each facet (any of them will do), and an order."""

    chosen: Chosen = field(default_factory=dict)
    sort: str = NEWEST

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> Asked:
        """What a URL asks for; a value that is none is a 404, as no link of ours has it. Blank ones ask nothing."""
        chosen: Chosen = {}
        for facet in facets():
            wanted = {value for value in args.getlist(facet.name) if value}
            if wanted - facet.choices.keys():
                abort(404)
            if wanted:
                chosen[facet.name] = tuple(value for value in facet.choices if value in wanted)
        sort = args.get("sort") or NEWEST
        if sort not in SORTS:
            abort(404)
        return cls(chosen, sort)

    @property
    def narrows(self) -> bool:
        return bool(self.chosen)

    @property
    def query(self) -> str:
        """The choices as a query, the same for the page and its feed, in one spelling."""
        return urlencode(list(self.filters()))

    def filters(self) -> Iterator[tuple[str, str]]:
        """The choices as they stand in a URL, in the order of the facets."""
        return ((name, value) for name, values in self.chosen.items() for value in values)

    def pairs(self) -> list[tuple[str, str]]:
        """The whole as it stands in a URL; what goes without saying is left out."""
        return [*self.filters(), *([("sort", self.sort)] if self.sort != NEWEST else [])]

    def without(self, name: str, value: str) -> Asked:
        """The same but for one choice."""
        left = {
            each: tuple(v for v in values if (each, v) != (name, value))
            for each, values in self.chosen.items()
        }
        return Asked({each: values for each, values in left.items() if values}, self.sort)

    def sorted(self, sort: str) -> Asked:
        """The same in another order."""
        return Asked(self.chosen, sort)

    def words(self) -> list[str]:
        """The choices as a reader knows them."""
        labels = {facet.name: facet.choices for facet in facets()}
        return [labels[name][value] for name, value in self.filters()]

    def conditions(self) -> list[ColumnElement[bool]]:
        """The choices as conditions of a study, for a query of its own."""
        found = []
        for facet in facets():
            values = self.chosen.get(facet.name, ())
            if facet.name == COMPONENT and values:
                bits = [1 << row.id for row in catalogue().components if row.slug in values]
                found.append(facet.column.op("&")(sum(bits)) != 0)
            elif values:
                found.append(
                    or_(*(facet.column == held for held, value in facet.values.items() if value in values))
                )
        return found
