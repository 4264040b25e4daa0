"""What changed between two texts, in words, for a person to read.

Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986) by lines, then by words inside the lines that
changed. The work is limited: past the limit a passage is shown as removed and added whole, which is also what
a reader wants of a passage that has little left of the old one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

Kind = Literal["same", "added", "removed"]
Run = tuple[Kind, str]

STEPS = 1_000_000

_WORD = re.compile(r"(\S+)(\s*)")


class Work:
    """How many steps of comparing are left, for one pair of texts or for all those of a page."""

    def __init__(self) -> None:
        self.left = STEPS


def words(old: str, new: str, work: Work | None = None) -> list[Run]:
    """Runs of words, with their white space, that stayed, were added or were removed, in reading order.

    "same" and "removed" runs joined are `old`; "same" and "added" runs joined are `new`. A page that compares
    several pairs gives them one `work` to share.
    """
    work = work or Work()
    pieces: list[Run] = []
    for kind, lines_before, lines_after in _passages(_lines(old), _lines(new), work):
        if kind == "same":
            pieces.append(("same", "".join(lines_before)))
        else:
            pieces += _in_words("".join(lines_before), "".join(lines_after), work)
    return _merged(_without_crumbs(_merged(run for run in pieces if run[1])))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _in_words(old: str, new: str, work: Work) -> Iterator[Run]:
    """The runs of one passage: words are compared alone, and the space behind them after that."""
    old_start, new_start = _leading_space(old), _leading_space(new)
    yield from _changed(old_start, new_start)
    before = _WORD.findall(old, len(old_start))
    after = _WORD.findall(new, len(new_start))
    position = [0, 0]
    for kind, gone, come in _passages([word for word, _ in before], [word for word, _ in after], work):
        spaced_gone = before[position[0] : position[0] + len(gone)]
        spaced_come = after[position[1] : position[1] + len(come)]
        position = [position[0] + len(gone), position[1] + len(come)]
        if kind == "same":
            for (word, old_space), (_, new_space) in zip(spaced_gone, spaced_come, strict=True):
                yield "same", word
                yield from _changed(old_space, new_space)
        else:
            yield from _changed("".join(map("".join, spaced_gone)), "".join(map("".join, spaced_come)))


def _leading_space(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _changed(old: str, new: str) -> Iterator[Run]:
    if old == new:
        yield "same", old
    else:
        yield "removed", old
        yield "added", new


def _passages(
    old: Sequence[str], new: Sequence[str], work: Work
) -> Iterator[tuple[Literal["same", "changed"], Sequence[str], Sequence[str]]]:
    """Passages of both that are the same, and between them pairs of passages that differ."""
    done_old = done_new = 0
    for start_old, start_new, length in _matches(old, new, work):
        if start_old > done_old or start_new > done_new:
            yield "changed", old[done_old:start_old], new[done_new:start_new]
        done_old, done_new = start_old + length, start_new + length
        yield "same", old[start_old:done_old], new[start_new:done_new]
    if done_old < len(old) or done_new < len(new):
        yield "changed", old[done_old:], new[done_new:]


def _matches(old: Sequence[str], new: Sequence[str], work: Work) -> Iterator[tuple[int, int, int]]:
    """(start in `old`, start in `new`, length) of what both share: the two ends, and Myers' path between."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if head:
        yield 0, 0, head
    for x, y in _path(old[head : len(old) - tail], new[head : len(new) - tail], work):
        yield head + x, head + y, 1
    if tail:
        yield len(old) - tail, len(new) - tail, tail


def _path(old: Sequence[str], new: Sequence[str], work: Work) -> list[tuple[int, int]]:
    """The pairs of equal items on the shortest way from `old` to `new`; none where it takes too long to find.

    `trail[d][i]` is how far in `old` the best way with d edits reaches on diagonal x - y = k = 2i - d; its
    neighbours with one edit less are `trail[d - 1][i]` (then one item added) and `[i - 1]` (one removed).
    """
    trail: list[list[int]] = []
    for edits in range(len(old) + len(new) + 1):
        trail.append([])
        for i in range(edits + 1):
            k = 2 * i - edits
            start = x = _arrival(trail, edits, i)[0]
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            trail[-1].append(x)
            work.left -= 1 + x - start
            if x >= len(old) and x - k >= len(new):
                return _walked_back(trail, i)
        if work.left < 0:
            return []
    return []


def _arrival(trail: list[list[int]], edits: int, i: int) -> tuple[int, int]:
    """Where the best way with `edits` edits comes upon its diagonal, and from which of the ways before."""
    if edits == 0:
        return 0, 0
    before = trail[edits - 1]
    if i == 0 or (i != edits and before[i - 1] < before[i]):
        return before[i], i
    return before[i - 1] + 1, i - 1


def _walked_back(trail: list[list[int]], i: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        start, came_from = _arrival(trail, edits, i)
        k = 2 * i - edits
        pairs += ((x, x - k) for x in range(trail[edits][i] - 1, start - 1, -1))
        i = came_from
    pairs.reverse()
    return pairs


def _without_crumbs(runs: list[Run]) -> Iterator[Run]:
    """`runs`, where a few common words left between two long changes are part of the change."""
    for index, (kind, text) in enumerate(runs):
        if kind == "same" and _is_crumb(text, runs[max(0, index - 2) : index], runs[index + 1 : index + 3]):
            yield "removed", text
            yield "added", text
        else:
            yield kind, text


def _is_crumb(text: str, before: list[Run], after: list[Run]) -> bool:
    size = len(text.strip())
    around = [sum(len(t) for kind, t in side if kind != "same") for side in (before[::-1], after)]
    return min(around) > 0 and (size == 0 or (size <= 12 and size * 4 <= min(around)))


def _merged(runs: Iterable[Run]) -> list[Run]:
    """`runs` with neighbours of one kind joined; in a change, the removed comes before the added."""
    merged: list[Run] = []
    for same, group in groupby(runs, key=lambda run: run[0] == "same"):
        texts = list(group)
        order: tuple[Kind, ...] = ("same",) if same else ("removed", "added")
        for kind in order:
            if text := "".join(text for each, text in texts if each == kind):
                merged.append((kind, text))
    return merged
