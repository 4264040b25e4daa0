"""Numbered pages, with a first and a last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import abort, request

from forum.core.characters import whole_number

PER_PAGE = 20


@dataclass(frozen=True)
class Pages:
    """Page `number` of 1..`last`; `address(n)` is the URL of page n. `more` says that a list goes on past `last`."""

    number: int
    last: int
    address: Callable[[int], str]
    more: bool = False

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.last else None

    @property
    def window(self) -> list[int | None]:
        """First, last and the neighbours of this page; None stands for a gap."""
        near = {1, self.last} | {n for n in range(self.number - 1, self.number + 2) if 1 <= n <= self.last}
        shown: list[int | None] = []
        for n in sorted(near):
            last = shown[-1] if shown else 0
            if last is not None and n == last + 2:
                shown.append(n - 1)
            elif last is not None and n > last + 2:
                shown.append(None)
            shown.append(n)
        return shown

    def url(self, number: int) -> str:
        return self.address(number)


def pages_of(count: int, per_page: int = PER_PAGE) -> int:
    """How many pages `count` things fill; at least one."""
    return max(1, -(-count // per_page))


def page_of(number: int, per_page: int = PER_PAGE) -> int:
    """The page on which the `number`th thing (from 1) stands."""
    return max(1, -(-number // per_page))


def asked_page(text: str | None) -> int | None:
    """The page a URL asks for: 1 where it says none, None where it says nonsense."""
    if text is None or text == "":
        return 1
    return whole_number(text) or None


def id_asked(name: str) -> int | None:
    """The id that the URL's `name` holds, if it has one; nonsense is a 404."""
    text = request.args.get(name, "")
    if not text:
        return None
    number = whole_number(text)
    return abort(404) if number is None else number
