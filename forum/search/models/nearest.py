"""Threads that have some of the words, those that have most of them first: what comes near to a title."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from forum.discussion.models import Thread
from forum.discussion.models.lists import ThreadRow, components_of, thread_rows
from forum.search.models.candidates import Candidate, weigh
from forum.search.models.home import home
from forum.search.models.index import Narrow, tag
from forum.search.models.parsing import Group, Words, parse
from forum.search.models.query import LONGEST
from forum.search.models.ranking import Ranking
from forum.search.models.words import tokens

ENOUGH = 60  # threads to choose from
HEAVIEST = 6  # words that are looked for
OF_ONE_WORD = 60  # posts with one of the words
ASKED = 12  # questions to the index for one answer
NEAR, RELATED = 0.34, 0.25  # of the weight of all words
SAME_COMPONENT = 1.25


def some_of(words: Words, narrow: Narrow, most: int, near: float = NEAR) -> list[Candidate]:
    """The threads that have at least `near` of the weight of `words`, best first."""
    first, thread_id = (id + 1 for id in home().newest())
    many, counts = home().counts(words.groups, first)
    known = [
        (group, count) for group, count in zip(words.groups, counts, strict=True) if count or _is_said(group)
    ]
    weights = Ranking.of([group for group, _ in known], many, [count for _, count in known])
    heaviest = sorted(known, key=lambda each: each[1])[:HEAVIEST]
    threads: dict[int, Candidate] = {}
    for asked, groups in enumerate(_choices([group for group, _ in heaviest])):
        if len(threads) >= ENOUGH or asked == ASKED:
            break
        some = Words(groups, words.without)
        for row in home().threads(some, narrow, thread_id, OF_ONE_WORD):
            threads.setdefault(row.id, Candidate(row.id)).tags = row.tags
        for post in home().posts(some, narrow, None, OF_ONE_WORD).posts:
            thread = threads.setdefault(post.thread_id, Candidate(post.thread_id))
            if post not in thread.posts:
                thread.posts.append(post)
    weigh(weights, threads, {row.id: row for row in home().titles(list(threads))}, near)
    return sorted(
        (thread for thread in threads.values() if thread.worth > 0),
        key=lambda thread: (-thread.worth, -thread.id),
    )[:most]


def _is_said(group: Group) -> bool:
    """Somebody has said it, be it long ago; what nobody has said tells nothing of what is near."""
    return bool(home().posts(Words((group,)), Narrow(), None, 1).posts)


def _choices(groups: list[Group]) -> Iterator[tuple[Group, ...]]:
    """Ever fewer of the words: all but one, then two, then each alone. The heaviest first."""
    if len(groups) > 3:
        yield from combinations(groups, len(groups) - 1)
    if len(groups) > 2:
        yield from combinations(groups[:4], 2)
    yield from ((group,) for group in groups)


class Finder:
    """Answers forum.discussion.nearest (see its protocol)."""

    def nearest(self, words: str, limit: int, kind: str | None = None) -> list[ThreadRow]:
        """The threads (of `kind`) nearest to a title or a few words that someone is writing."""
        narrow = Narrow(((tag("k", kind),),) if kind else ())
        found = some_of(_said(words), narrow, limit)
        return thread_rows([thread.id for thread in found])

    def related(self, thread: Thread, limit: int) -> list[ThreadRow]:
        """Other threads about the same: the same components and words."""
        found = [
            each for each in some_of(_said(thread.title), Narrow(), ENOUGH, RELATED) if each.id != thread.id
        ]
        carried = components_of([thread.id, *(each.id for each in found)])
        mine = {component.id for component in carried.get(thread.id, ())}
        for other in found:
            if mine & {component.id for component in carried.get(other.id, ())}:
                other.worth *= SAME_COMPONENT
        found.sort(key=lambda other: (-other.worth, -other.id))
        return thread_rows([other.id for other in found[:limit]])


def _said(words: str) -> Words:
    """All of `words` as plain words: in a title a quote or a dash is no operator."""
    return parse(" ".join(tokens(words[:LONGEST])), most=LONGEST)
