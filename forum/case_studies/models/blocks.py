"""The listed case studies as texts: for each facet one letter a study, written by the database along one narrow index,
so that no rows are fetched. In blocks of threads that stand together: a study that has changed costs its block."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal_column, select

from forum.case_studies.models.facets import COMPONENT, STUDIES, Facet, facets
from forum.case_studies.models.facts import NUMBERS
from forum.core.db import db
from forum.core.freshness import Rests, versions
from forum.discussion.models import Thread
from forum.discussion.models.catalogue import catalogue

BLOCK = 2048  # ids of threads
LETTERS = string.ascii_letters
Column = tuple[str, str]

# Versions only ever grow, and whatever changes a study makes its thread's grow in the same transaction: so any change
# that is committed is seen in the sum, of all and of its block, in whatever order transactions end.
OF_STUDIES = Rests("SELECT count(*), sum(version) FROM threads WHERE kind = 'case-study'")
IS_STUDY = literal_column("threads.kind") == literal_column("'case-study'")  # in the words of the indexes
NUMBER = Thread.id.op("/")(literal_column(str(BLOCK)))
MARKS = (
    select(
        cast(NUMBER, String)
        .concat(" ")
        .concat(cast(func.count(), String))
        .concat(" ")
        .concat(cast(func.sum(Thread.version), String))
        .label("mark")
    )
    .where(IS_STUDY)
    .group_by(NUMBER)
    .subquery()
)


@dataclass(frozen=True, slots=True)
class Block:
    """The listed studies among BLOCK threads. `mark` is its number, how many studies it has, and what their versions
    come to. `columns` has a letter for each study: of each facet, and "1" or "0" for each component."""

    mark: str
    ids: list[int]
    columns: dict[Column, bytes]


def blocks_now(known: dict[str, Block]) -> dict[str, Block]:
    """The blocks by their marks; those of `known` that have not changed are not read."""
    (marks,) = row_of(select(func.aggregate_strings(MARKS.c.mark, ",")))
    components = {(COMPONENT, row.slug) for row in catalogue().components}
    texts, found = spelled(_texts()), {}
    for mark in sorted(filter(None, (marks or "").split(","))):
        block = known.get(mark)
        if block is None or not components <= block.columns.keys():
            block = _block(mark, texts)
        found[mark] = block
    return found


def sets_of(blocks: list[Block]) -> dict[tuple[str, str], int]:
    """For each value of each facet the studies that have it: the first one is the highest bit."""
    sets: dict[tuple[str, str], int] = {}
    for facet in facets() if blocks else ():
        if facet.name == COMPONENT:
            for slug in facet.choices:
                sets[COMPONENT, slug] = _set(b"".join(block.columns[COMPONENT, slug] for block in blocks))
            continue
        letters = b"".join(block.columns[facet.name, ""] for block in blocks)
        for value, letter in _letters(facet).items():
            sets[facet.name, value] = _set(letters.translate(_only(letter)))
    return sets


def row_of(query: Select[Any] | str, values: tuple[int, ...] = ()) -> tuple[Any, ...]:
    """The row of a query that has one, read past the session, whose view of the database may be older than the
    version that was read before. `query` has `{}` where each of `values` goes."""
    row = versions().row(query if isinstance(query, str) else spelled(query), values)
    assert row is not None
    return row


def spelled(query: Select[Any]) -> str:
    return str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))


def numbers(text: str | None) -> list[int]:
    return list(map(int, text.split(","))) if text else []


def _block(mark: str, texts: str) -> Block:
    first = int(mark.split()[0]) * BLOCK
    ids, carried, *letters = row_of(texts, (first, first + BLOCK - 1))
    columns = {(facet.name, ""): (text or "").encode() for facet, text in zip(_named(), letters, strict=True)}
    carrying = carried.split(",") if carried else []
    for row in catalogue().components:
        digit = {bits: "1" if int(bits) >> row.id & 1 else "0" for bits in set(carrying)}
        columns[COMPONENT, row.slug] = "".join(map(digit.__getitem__, carrying)).encode()
    return Block(mark, numbers(ids), columns)


def _texts() -> Select[Any]:
    """Of the listed studies between two ids: the ids, the components as bits, and the letters of each facet."""
    texts: list[Any] = [
        func.aggregate_strings(cast(STUDIES.c.thread_id, String), ","),
        func.aggregate_strings(cast(STUDIES.c.component_bits, String), ","),
        *(func.aggregate_strings(_letter(facet), "") for facet in _named()),
    ]
    here = STUDIES.c.thread_id.between(literal_column("{}"), literal_column("{}"))
    return select(*texts).where(STUDIES.c.listed, here)


def _named() -> list[Facet]:
    return [facet for facet in facets() if facet.name != COMPONENT]


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


def _set(digits: bytes) -> int:
    return int(digits, 2) if digits else 0


@cache
def _only(letter: str) -> bytes:
    """Turns a text of letters into ones, where it has this letter, and noughts."""
    return bytes(ord("1") if byte == ord(letter) else ord("0") for byte in range(256))
