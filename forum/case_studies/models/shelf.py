"""All listed case studies by their facets, in memory, at one version of the site.

The value of a facet is a set of studies, kept as one whole number in which a bit stands for a study. What several
choices leave, and how many that is for every value, is then some sixty ANDs of such numbers."""

from __future__ import annotations

import threading
from functools import reduce
from itertools import compress
from operator import or_
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Select, String, cast, func, select

from forum.case_studies.models.blocks import IS_STUDY, OF_STUDIES, Block, blocks_now, numbers, row_of, sets_of
from forum.case_studies.models.facets import NEWEST, STUDIES, Asked, Chosen, facets
from forum.core.freshness import Version, versions
from forum.discussion.models import Thread
from forum.discussion.models.lists import site_version

Counts = dict[str, dict[str, int]]
IS_SET = bytes(byte & 1 for byte in range(256))  # "1" and "0" as what is true and what is not


class Shelf:
    """`ids` are the studies in no order of meaning; in `sets` the first of them is the highest bit. `studies` is the
    version of all study threads together, `version` that of the site."""

    def __init__(self, studies: Version | None, blocks: dict[str, Block]) -> None:
        self.studies, self.blocks = studies, blocks
        self.version: Version | None = None
        self.ids = [id for block in blocks.values() for id in block.ids]
        self.sets = sets_of(list(blocks.values()))
        self.everything = (1 << len(self.ids)) - 1
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
        order = self._orders[asked.sort]
        if not asked.narrows:
            return order
        bits = f"{self._matching(asked.chosen):0{len(self.ids)}b}".encode().translate(IS_SET)
        wanted = set(compress(self.ids, bits))
        return [id for id in order if id in wanted]

    def _matching(self, chosen: Chosen, but: str = "") -> int:
        found = self.everything
        for name, values in chosen.items():
            if name != but:
                found &= reduce(or_, (self.sets.get((name, value), 0) for value in values), 0)
        return found

    def _in_order(self, sort: str) -> list[int]:
        """All ids in the order of `sort`. Read when first asked for; one that has come since is left out."""
        if sort == NEWEST:
            return sorted(self.ids, reverse=True)
        return list(filter(set(self.ids).__contains__, numbers(row_of(_ordered(sort))[0])))


def shelf() -> Shelf:
    """The studies as they are now. Where the site has changed, one read tells whether a study has; only then are
    any of them read again."""
    known: Shelf = current_app.extensions["case study shelf"]
    version = versions().read(site_version())
    if version != known.version:
        with current_app.extensions["case study shelf lock"]:  # many at once wait for one to read
            known = current_app.extensions["case study shelf"]
            studies = versions().read(OF_STUDIES)
            if studies != known.studies:
                known = current_app.extensions["case study shelf"] = Shelf(studies, blocks_now(known.blocks))
            known.version = version
    return known


def init_app(app: Flask) -> None:
    app.extensions["case study shelf"] = Shelf(None, {})
    app.extensions["case study shelf lock"] = threading.Lock()


def _ordered(sort: str) -> Select[str]:
    """The ids in order, as one text, along an index of that order; of titles those too that are not listed."""
    rows: Any = select(STUDIES.c.thread_id.label("id")).where(STUDIES.c.listed)
    if sort == "tried":
        rows = rows.order_by(STUDIES.c.tried_count.desc(), STUDIES.c.thread_id.desc())
    elif sort == "confirmed":
        rows = rows.order_by(STUDIES.c.confirmed_at.desc(), STUDIES.c.thread_id.desc())
    else:
        rows = select(Thread.id).where(IS_STUDY).order_by(Thread.slug, Thread.id)
    ordered = rows.subquery("ordered")
    return select(func.aggregate_strings(cast(ordered.c.id, String), ","))
