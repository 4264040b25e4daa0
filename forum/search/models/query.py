"""What was asked: the words, and what they are narrowed to. Any string a person can type is a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from forum.accounts.models import PHASES, POSITIONS
from forum.core.markup import clean_text
from forum.discussion.models import slug_of
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import KINDS
from forum.search.models.parsing import Words, parse
from forum.search.models.words import tokens

LONGEST = 200  # characters of `q` that are read
SORTS = {"relevance": "Best match", "newest": "Newest first", "supported": "Most supported"}
HAS = {"case-study": "A case study", "answer": "An answer from the team", "picture": "A picture"}
LONDON = ZoneInfo("Europe/London")
OPERATOR = re.compile(r'(?<!\S)(?P<name>[a-zA-Z]+):(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
YES = frozenset({"1", "on", "true", "y", "yes"})


@dataclass(frozen=True)
class Query:
    """A search. `text` is what was typed, without its operators; the filters are slugs as in the URL. `since` and
    `until` are days in London, both included."""

    text: str = ""
    prompt: str | None = None
    component: str | None = None
    kind: str | None = None
    author: str | None = None
    position: str | None = None
    phase: str | None = None
    since: date | None = None
    until: date | None = None
    has: str | None = None
    title: bool = False
    plain: bool = False
    sort: str = "relevance"
    unread: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Query:
        """The query that a URL asks: `q` and the filters. Operators in `q` become filters; what cannot be read is
        ignored, and named in `ignored` in words for a person."""
        unread: list[str] = []
        typed = _line(args.get("q"))
        if len(typed) > LONGEST:
            typed = typed[:LONGEST].rstrip()
            unread.append(f"all after the first {LONGEST} characters")
        asked = {name: _line(args.get(name)) for name in (*READ, "title", "plain")}
        text = _take_operators(typed, asked)
        found: dict[str, Any] = {}
        for name, read in READ.items():
            value = asked[name]
            if value:
                found[name] = read(value)
                if found[name] is None:
                    unread.append(f"{name} “{value[:40]}”")
        found["sort"] = found.get("sort") or "relevance"
        for name in ("title", "plain"):
            found[name] = asked[name].lower() in YES
        return cls(text=text, **found, unread=tuple(unread))

    def args(self) -> dict[str, str]:
        """The canonical parameters of this query: the same search is the same dictionary, in the same order."""
        said = {"q": self.text, "title": "1" if self.title else "", "plain": "1" if self.plain else ""}
        for name in READ:
            value = getattr(self, name)
            said[name] = value.isoformat() if isinstance(value, date) else value or ""
        if self.sort == "relevance":
            said["sort"] = ""
        return {name: said[name] for name in ("q", *READ, "title", "plain") if said[name]}

    def but(self, **changes: Any) -> Query:
        """This query with `changes`."""
        return replace(self, unread=(), **changes)

    @cached_property
    def words(self) -> Words:
        return parse(self.text, self.plain)

    @property
    def ignored(self) -> tuple[str, ...]:
        """What could not be read, in words for a person."""
        return (*self.unread, *self.words.ignored)

    @property
    def also_searched(self) -> tuple[str, ...]:
        """What synonyms add to the words typed."""
        return self.words.added

    @property
    def filters(self) -> dict[str, Any]:
        """What the words are narrowed to, by name."""
        narrowing = ("prompt", "component", "kind", "author", "position", "phase", "since", "until", "has")
        return {name: getattr(self, name) for name in narrowing if getattr(self, name)}

    @property
    def asks(self) -> bool:
        """There is something to look for: words, or a filter."""
        return bool(self.words.groups or self.words.without or self.filters)

    @property
    def order(self) -> str:
        """The order in force: without words to match, the newest come first."""
        return "newest" if self.sort == "relevance" and not self.words.groups else self.sort

    @property
    def begins(self) -> datetime | None:
        """The first moment of `since`."""
        return datetime.combine(self.since, time(), LONDON).astimezone(UTC) if self.since else None

    @property
    def ends(self) -> datetime | None:
        """The first moment after `until`."""
        if self.until is None or self.until == date.max:
            return None
        return datetime.combine(self.until + timedelta(days=1), time(), LONDON).astimezone(UTC)


def _line(value: Any) -> str:
    return " ".join(clean_text(str(value or "")[: 50 * LONGEST]).split())


def _take_operators(typed: str, asked: dict[str, str]) -> str:
    """`typed` without the operators in it, which are put into `asked`."""

    def take(found: re.Match[str]) -> str:
        name = found["name"].lower()
        value = (found["quoted"] if found["quoted"] is not None else found["bare"]).strip()
        if name == "in" and value.lower() == "title":
            asked["title"] = "1"
        elif name in READ:
            asked[name] = value
        else:
            return found.group()
        return ""

    return " ".join(OPERATOR.sub(take, typed.replace("“", '"').replace("”", '"')).split())


def _one_of(known: Mapping[Any, str]) -> Callable[[str], str | None]:
    """Reads a slug, or the words it stands for."""

    def read(value: str) -> str | None:
        slug = slug_of(value)
        return next((str(key) for key, label in known.items() if slug in (key, slug_of(label))), None)

    return read


def _prompt(value: str) -> str | None:
    return _one_of({prompt.slug: prompt.title for prompt in catalogue().prompts})(value)


def _component(value: str) -> str | None:
    return _one_of({component.slug: component.name for component in catalogue().components})(value)


def _author(value: str) -> str | None:
    return value[:120].rstrip() if tokens(value[:120]) else None


def _since(value: str) -> date | None:
    return _day(value, 1, 1)


def _until(value: str) -> date | None:
    return _day(value, 12, 31)


def _day(value: str, month: int, day: int) -> date | None:
    """A day as 2026-11-23 or 23/11/2026; of a year or a month alone, its first or last."""
    for pattern in (
        r"(?P<y>\d{4})(?:-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?)?",
        r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})",
    ):
        found = re.fullmatch(pattern, value, re.ASCII)
        if found:
            year, of_year = int(found["y"]), int(found["m"] or month)
            last = 31 if day == 31 else 1
            tries = [int(found["d"])] if found["d"] else [last, 30, 29, 28]
            return next((at for number in tries if (at := _date(year, of_year, number))), None)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= 1900 else None
    except ValueError:
        return None


READ: dict[str, Callable[[str], Any]] = {
    "prompt": _prompt,
    "component": _component,
    "kind": _one_of(KINDS),
    "author": _author,
    "position": _one_of(POSITIONS),
    "phase": _one_of(PHASES),
    "since": _since,
    "until": _until,
    "has": _one_of(HAS),
    "sort": _one_of(SORTS),
}
