"""The public ledger as a stream: each decision of the team is an entry, without a person and without a word of
theirs. The ledger stands beside this package, so it is asked by name and nothing here knows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn, Protocol

from flask import Flask, current_app
from sqlalchemy import SQLColumnExpression

from forum.core.freshness import Rests
from forum.core.markup import render
from forum.feeds.archives import Block, Stream
from forum.feeds.entries import Category, Deleted, Entry
from forum.feeds.rows import Item, Place, Places


class Decided(Protocol):
    """One decision as anyone may read it. `words` is a sentence of ours, `place` where it stands on the site, `gone`
    that it was taken back within the hour. `changed` is when something last became of it."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def changed(self) -> datetime: ...
    @property
    def title(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def reason_words(self) -> str: ...
    @property
    def gone(self) -> bool: ...


class Ledger(Protocol):
    """The decisions that may be told, by their numbers."""

    def version(self) -> Rests:
        """What everything in it rests on."""

    def end(self) -> int:
        """The newest number that is taken, told or not."""

    def places(self, first: int, last: int, limit: int, oldest: bool = False) -> list[tuple[int, datetime]]:
        """The numbers and dates from `first` to `last`, newest first, or the oldest first."""

    def decided(self, ids: Sequence[int]) -> Sequence[Decided]:
        """These, newest first; of those taken back only that they were."""

    def taken_back(self, since: datetime) -> list[int]: ...


def told_by(app: Flask, ledger: Ledger) -> None:
    app.extensions["ledger"] = ledger


def the_ledger() -> Ledger:
    found: Ledger = current_app.extensions["ledger"]
    return found


def ledger_version(**_: object) -> Rests:
    return the_ledger().version()


class Decisions(Stream):
    """Decisions by their numbers. What may not be told leaves a gap, and so does what was taken back."""

    has_gaps = True

    @property
    def position(self) -> SQLColumnExpression[Any]:
        return self._by_name()

    def shown(self) -> Places:
        return self._by_name()

    def ever(self) -> Places:
        return self._by_name()

    def end(self) -> int:
        return the_ledger().end()

    def newest(self, limit: int) -> list[Place]:
        return self._places(1, self.end(), limit)

    def below(self, position: int) -> int | None:
        return next((place.position for place in self._places(1, position - 1, 1)), None)

    def above(self, position: int, end: int) -> int | None:
        return next((place.position for place in self._places(position + 1, end, 1, oldest=True)), None)

    def within(self, block: Block, limit: int) -> list[Place]:
        return self._places(block.first, block.last, limit)

    def removed(self, since: datetime) -> list[int]:
        return the_ledger().taken_back(since)

    def entries(self, ids: Sequence[int]) -> tuple[list[tuple[Item, int]], list[Deleted]]:
        found = the_ledger().decided(ids)
        items = [(self._item(each), each.id) for each in found if not each.gone]
        gone = [self.names.tag("decision", each.id) for each in found if each.gone]
        when = {self.names.tag("decision", each.id): each.changed for each in found}
        return items, [Deleted(id=id, when=when[id], reason="Taken back by the team") for id in gone]

    def _item(self, each: Decided) -> Item:
        names = self.names
        reason = (Category(names.address("/reasons"), each.reason, each.reason_words),) if each.reason else ()
        entry = Entry(
            id=names.tag("decision", each.id),
            title=each.title,
            url=names.address(each.place),
            published=each.at,
            updated=each.changed,
            author="The team",
            html="",
            categories=reason,
        )
        return Item(entry, int(each.changed.timestamp()), render(each.words))

    def _places(self, first: int, last: int, limit: int, oldest: bool = False) -> list[Place]:
        return [Place(id, id, at) for id, at in the_ledger().places(first, last, limit, oldest)]

    def _by_name(self) -> NoReturn:
        raise NotImplementedError("the ledger is asked by name, not by a query of ours")
