"""All listed case studies by their facets, in memory, at one version of the site.

The value of a facet is a set of studies, kept as one whole number in which a bit stands for a study. What several
choices leave, and how many that is for every value, is then some sixty ANDs of such numbers. They are made of one
read along one narrow index, in which the database writes one letter a study for each facet: at 20,000 studies ten
texts of 20,000 letters, and no rows."""

from __future__ import annotations

import string
import threading
from functools import cache, reduce
from operator import or_
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal_column, select

from forum.case_studies.models.facets import COMPONENT, NEWEST, STUDIES, Asked, Chosen, Facet, facets
from forum.case_studies.models.facts import NUMBERS
from forum.core.db import db
from forum.core.freshness import Rests, Version, versions
from forum.discussion.models import Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import site_version

# Versions only ever grow, and whatever changes a study makes its thread's grow in the same transaction: so any change
# that is committed is seen in the sum, in whatever order transactions end.
OF_STUDIES = Rests("SELECT count(*), sum(version) FROM threads WHERE kind = 'case-study'")
LETTERS = string.ascii_letters
Counts = dict[str, dict[str, int]]
IS_SET = bytes(byte & 1 for byte in range(256))  # "1" and "0" as what is true and what is not


class Shelf:
    """`ids` are the studies in no order of meaning; in `sets` the first of them is the highest bit. `studies` is the
    version of all study threads together, `version` that of the site."""

    def __init__(self, studies: Version | None, ids: list[int], sets: dict[tuple[str, str], int]) -> None:
        self.studies, self.ids, self.sets = studies, ids, sets
        self.version: Version | None = None
        self.everything = (1 << len(ids)) - 1
        self._orders: dict[str, list[int]] = {}

    def count(self, chosen: Chosen) -> int:
        return self._matching(chosen).bit_count()

    def counts(self, chosen: Chosen) -> Counts:
        """How many studies each value would leave: of a facet, with what is chosen of the others."""
        found: Counts = {}
        for facet in facets():
            others = self._matching(chosen, but=facet.name)
            found[facet.name] = {
                value: (others & self.sets.get((facet.name, value), 0)).bit_count() for value in facet.choices
            }
        return found

    def ids_of(self, asked: Asked) -> list[int]:
        """The ids of what is asked for, all of them, in order."""
        if asked.sort not in self._orders:
            self._orders[asked.sort] = self._in_order(asked.sort)
        order, ids = self._orders[asked.sort], self.ids
        if not asked.narrows:
            return [ids[place] for place in order]
        wanted = f"{self._matching(asked.chosen):0{len(ids)}b}".encode().translate(IS_SET) if ids else b""
        return [ids[place] for place in order if wanted[place]]

    def _matching(self, chosen: Chosen, but: str = "") -> int:
        found = self.everything
        for name, values in chosen.items():
            if name != but:
                found &= reduce(or_, (self.sets.get((name, value), 0) for value in values), 0)
        return found

    def _in_order(self, sort: str) -> list[int]:
        """Places in `ids`, in the order of `sort`. Read when first asked for; one that has come since stands last."""
        if sort == NEWEST:
            return sorted(range(len(self.ids)), key=self.ids.__getitem__, reverse=True)
        ranks = {id: rank for rank, id in enumerate(_numbers(_row(_ordered(sort))[0]))}
        return sorted(range(len(self.ids)), key=lambda place: ranks.get(self.ids[place], len(ranks)))


def shelf() -> Shelf:
    """The studies as they are now. Where the site has changed, one read tells whether a study has; only then are
    they read again."""
    known: Shelf = current_app.extensions["case study shelf"]
    version = versions().read(site_version())
    if version != known.version:
        with current_app.extensions["case study shelf lock"]:  # many at once wait for one to read
            known = current_app.extensions["case study shelf"]
            studies = versions().read(OF_STUDIES)
            if studies != known.studies:
                known = current_app.extensions["case study shelf"] = _read(studies)
            known.version = version
    return known


def init_app(app: Flask) -> None:
    app.extensions["case study shelf"] = Shelf(None, [], {})
    app.extensions["case study shelf lock"] = threading.Lock()


def _read(studies: Version | None) -> Shelf:
    """Past the session, whose view of the database may be older than `studies`."""
    named = [facet for facet in facets() if facet.name != COMPONENT]
    texts: list[Any] = [
        func.aggregate_strings(cast(STUDIES.c.thread_id, String), ","),
        func.aggregate_strings(cast(STUDIES.c.component_bits, String), ","),
        *(func.aggregate_strings(_letter(facet), "") for facet in named),
    ]
    ids, carried, *found = _row(select(*texts).where(STUDIES.c.listed))
    sets: dict[tuple[str, str], int] = {}
    for facet, letters in zip(named, found, strict=False):
        for value, letter in _letters(facet).items():
            sets[facet.name, value] = _set((letters or "").encode().translate(_only(letter)))
    carrying = carried.split(",") if carried else []
    for row in catalogue().components:
        digit = {bits: "1" if int(bits) >> row.id & 1 else "0" for bits in set(carrying)}
        sets[COMPONENT, row.slug] = _set("".join(map(digit.__getitem__, carrying)).encode())
    return Shelf(studies, _numbers(ids), sets)


def _letters(facet: Facet) -> dict[str, str]:
    """One letter for each choice; where they are all of one letter, that."""
    if all(len(value) == 1 for value in facet.choices):
        return {value: value for value in facet.choices}
    return dict(zip(facet.choices, LETTERS, strict=False))


def _letter(facet: Facet) -> ColumnElement[str]:
    letters = _letters(facet)
    if facet.name in NUMBERS:
        return cast(facet.column, String)
    return case({held: letters[value] for held, value in facet.values.items()}, value=facet.column, else_="-")


def _ordered(sort: str) -> Select[str]:
    """The ids in order, as one text, along an index of that order; of titles those too that are not listed."""
    rows = select(STUDIES.c.thread_id.label("id")).where(STUDIES.c.listed)
    if sort == "tried":
        rows = rows.order_by(STUDIES.c.tried_count.desc(), STUDIES.c.thread_id.desc())
    elif sort == "confirmed":
        rows = rows.order_by(STUDIES.c.confirmed_at.desc(), STUDIES.c.thread_id.desc())
    else:
        of_studies = literal_column("threads.kind") == literal_column(
            "'case-study'"
        )  # in the index's own words
        rows = select(Thread.id).where(of_studies).order_by(Thread.slug, Thread.id)
    ordered = rows.subquery("ordered")
    return select(func.aggregate_strings(cast(ordered.c.id, String), ","))


def _row(query: Select[Any]) -> tuple[Any, ...]:
    spelled = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    return versions().row(spelled, ()) or ()


def _numbers(text: str | None) -> list[int]:
    return list(map(int, text.split(","))) if text else []


def _set(digits: bytes) -> int:
    return int(digits, 2) if digits else 0


@cache
def _only(letter: str) -> bytes:
    """Turns a text of letters into ones, where it has this letter, and noughts."""
    return bytes(ord("1") if byte == ord(letter) else ord("0") for byte in range(256))
