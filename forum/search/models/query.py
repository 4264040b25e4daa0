"""What was asked: the words, and what they are narrowed to. Any string a person can type is a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LONGEST = 200  # characters of `q` that are read
SORTS = {"relevance": "Best match", "newest": "Newest first", "supported": "Most supported"}
HAS = {"case-study": "A case study", "answer": "An answer from the team", "picture": "A picture"}


@dataclass(frozen=True)
class Query:
    """A search. `text` is what was typed, without its operators; the filters are slugs as in the URL."""

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
    ignored: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Query:
        """The query that a URL asks: `q` and the filters. Operators in `q` become filters; what cannot be read is
        ignored, and named in `ignored` in words for a person."""
        raise NotImplementedError

    def args(self) -> dict[str, str]:
        """The canonical parameters of this query: the same search is the same dictionary, in the same order."""
        raise NotImplementedError

    @property
    def also_searched(self) -> tuple[str, ...]:
        """What synonyms add to the words typed."""
        raise NotImplementedError

    @property
    def asks(self) -> bool:
        """There is something to look for: words, or a filter."""
        raise NotImplementedError
