"""What a resource's reviews come to, said so that nobody can be found in it.

A group of fewer than FEWEST is not broken out: it is put together with others. Where that would leave one group, or
fewer than FEWEST people, to be worked out from the total, the smallest group that could be shown goes with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from forum.accounts.models import PHASES, POSITIONS
from forum.resources.models.counts import ALL, Figures, ReviewCount

FEWEST = 5
OTHERS = "All others"
NOT_GIVEN = "Not given"
MONTHS_APART = 12  # earlier ones are one period


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; `of` is never nought."""

    count: int
    of: int

    @property
    def percent(self) -> int:
        """Rounded half up."""
        return (200 * self.count + self.of) // (2 * self.of)


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the scorecard. `helped` is None where it may not be shown, or where nobody has `used` it."""

    label: str
    answered: int
    heard: Share
    used: Share
    helped: Share | None


@dataclass(frozen=True)
class Scorecard:
    """A resource's scorecard. Each breakdown holds all who answered; an empty one would single people out."""

    answered: int
    whole: Group | None
    how_much: tuple[tuple[str, Share], ...]
    positions: tuple[Group, ...]
    phases: tuple[Group, ...]
    periods: tuple[Group, ...]

    @classmethod
    def of(cls, resource: int) -> Scorecard:
        found = ReviewCount.figures(resource)
        whole = found.get(ALL, {}).get("", Figures())
        if whole.answered < FEWEST:
            return cls(whole.answered, None, (), (), (), ())
        return cls(
            whole.answered,
            in_short(whole),
            tuple((label, Share(n, whole.used)) for label, n in whole.how_much)
            if whole.used >= FEWEST
            else (),
            _broken_out(found.get("position", {}), POSITIONS),
            _broken_out(found.get("phase", {}), PHASES),
            _over_time(found.get("month", {})),
        )


def in_short(whole: Figures) -> Group | None:
    """All who answered, in one row; None where they are too few."""
    if whole.answered < FEWEST:
        return None
    helped = Share(whole.helped, whole.used) if whole.used >= FEWEST else None
    return _group("Everyone", whole, helped)


def kept_back(sizes: dict[str, int]) -> set[str]:
    """Which groups of these sizes are not shown: all that are too small, and as many more, from the smallest, as it
    takes for nobody to work them out. A group of nought has nobody in it, and is nothing to hide."""
    hidden = {key for key, size in sizes.items() if 0 < size < FEWEST}
    if not hidden:
        return hidden
    rest = sorted((key for key, size in sizes.items() if size >= FEWEST), key=lambda key: (sizes[key], key))
    while rest and (len(hidden) < 2 or sum(sizes[key] for key in hidden) < FEWEST):
        hidden.add(rest.pop(0))
    return hidden


def _broken_out(found: dict[str, Figures], labels: dict[str, str]) -> tuple[Group, ...]:
    """The groups in the order of `labels`, then those who said nothing, then the small ones together. None at all
    where that is a single row."""
    found = {key: figures for key, figures in found.items() if figures.answered}
    hidden = kept_back({key: figures.answered for key, figures in found.items()})
    named = {**labels, "": NOT_GIVEN}
    rows = [(label, found[key]) for key, label in named.items() if key in found and key not in hidden]
    if hidden:
        rows.append((OTHERS, sum((found[key] for key in hidden), Figures())))
    return _rows(rows) if len(rows) > 1 else ()


def _over_time(found: dict[str, Figures]) -> tuple[Group, ...]:
    """The months, neighbours together until no period has too few in it; what is long ago is one period."""
    months = [(month, figures) for month, figures in sorted(found.items()) if figures.answered]
    periods: list[tuple[str, str, Figures]] = []
    gathered: tuple[str, str, Figures] | None = None
    for position, (month, figures) in enumerate(months):
        gathered = (gathered[0], month, gathered[2] + figures) if gathered else (month, month, figures)
        if position >= len(months) - MONTHS_APART - 1 and gathered[2].answered >= FEWEST:
            periods.append(gathered)
            gathered = None
    if gathered:
        first, _, figures = periods.pop() if periods else (gathered[0], "", Figures())
        periods.append((first, gathered[1], figures + gathered[2]))
    rows = [(_period(first, last), figures) for first, last, figures in periods]
    return _rows(rows) if len(rows) > 1 else ()


def _rows(rows: list[tuple[str, Figures]]) -> tuple[Group, ...]:
    """Groups that may be shown. Of how many were helped the same holds, among those who used it."""
    used = {label: figures.used for label, figures in rows}
    hidden = kept_back(used)
    groups = []
    for label, figures in rows:
        shown = figures.used and label not in hidden
        groups.append(_group(label, figures, Share(figures.helped, figures.used) if shown else None))
    return tuple(groups)


def _group(label: str, figures: Figures, helped: Share | None) -> Group:
    answered = figures.answered
    return Group(label, answered, Share(figures.heard, answered), Share(figures.used, answered), helped)


def _period(first: str, last: str) -> str:
    begin, end = (date.fromisoformat(f"{month}-01") for month in (first, last))
    if first == last:
        return f"{end:%B %Y}"
    return f"{begin:%B} to {end:%B %Y}" if begin.year == end.year else f"{begin:%B %Y} to {end:%B %Y}"
