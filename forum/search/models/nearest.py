"""Threads that have some of the words, those that have most of them first: what comes near to a title.

Two questions to the index, however many the words and threads are: how rare each word is, and what has several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from forum.discussion.models import Thread
from forum.discussion.models.lists import ThreadRow, components_of, thread_rows
from forum.search.models.candidates import Candidate, weigh
from forum.search.models.extracts import EVERYDAY
from forum.search.models.home import home
from forum.search.models.index import NEWEST, Narrow, Some, tag
from forum.search.models.parsing import Group, Words, parse
from forum.search.models.query import LONGEST
from forum.search.models.ranking import Ranking
from forum.search.models.words import WORD

ENOUGH = 60  # threads to choose from
HEAVIEST = 6  # words that are looked for together
OF_ONE_WORD = 60  # newest posts with it
MOST_GROUPS = 16
NEAR, RELATED = 0.34, 0.25  # of the weight of all words
IN_TITLE = 2.2
SAME_COMPONENT = 1.25


@dataclass
class Near:
    """The threads that have some of `groups`, all of which somebody has said. `said` has the numbers of the groups that
    the index found in a thread, `titled` of those in its title."""

    groups: list[Group]
    ranking: Ranking
    threads: dict[int, Candidate] = field(default_factory=dict)
    said: dict[int, set[int]] = field(default_factory=dict)
    titled: dict[int, set[int]] = field(default_factory=dict)

    @classmethod
    def to(cls, words: Words, narrow: Narrow) -> Near:
        telling = [group for group in words.groups if group.quoted or group.typed.lower() not in EVERYDAY]
        groups = (telling or list(words.groups))[:MOST_GROUPS]
        alone = home().some([Words((group,)) for group in groups], narrow, OF_ONE_WORD) if groups else []
        many, counts = _frequencies(alone)
        known = [number for number, some in enumerate(alone) if some.threads or some.posts]
        known.sort(key=lambda number: counts[number])
        near = cls(
            [groups[number] for number in known],
            Ranking.of([groups[number] for number in known], many, [counts[number] for number in known]),
        )
        choices = list(_choices(list(range(len(known)))[:HEAVIEST]))
        together = [Words(tuple(near.groups[n] for n in choice), words.without) for choice in choices]
        found = home().some(together, narrow, OF_ONE_WORD) if together else []
        for choice, some in zip(choices, found, strict=True):
            near._add(choice, some)
        for number, at in enumerate(known):
            near._add((number,), alone[at])
        return near

    def _add(self, choice: Sequence[int], some: Some) -> None:
        """What was found with all of `choice`; no further threads where there are enough."""
        room = len(self.threads) < ENOUGH
        for row in some.threads:
            if room or row.id in self.threads:
                self._thread(row.id).tags = row.tags
                self.titled[row.id].update(choice)
        for post in some.posts:
            if room or post.thread_id in self.threads:
                thread = self._thread(post.thread_id)
                self.said[post.thread_id].update(choice)
                if post not in thread.posts:
                    thread.posts.append(post)

    def _thread(self, id: int) -> Candidate:
        if id not in self.threads:
            self.threads[id] = Candidate(id)
            self.said[id], self.titled[id] = set(), set()
        return self.threads[id]


def some_of(words: Words, narrow: Narrow, most: int, near: float = NEAR) -> list[Candidate]:
    """The threads that have at least `near` of the weight of `words`, best first: their texts are read."""
    found = Near.to(words, narrow)
    titles = {row.id: row for row in home().titles(list(found.threads))} if found.threads else {}
    weigh(found.ranking, found.threads, titles, near)
    return _best(found.threads.values())[:most]


class Finder:
    """Answers forum.discussion.nearest (see its protocol)."""

    def nearest(self, words: str, limit: int, kind: str | None = None) -> list[ThreadRow]:
        """The threads (of `kind`) nearest to a title or a few words that someone is writing."""
        narrow = Narrow(((tag("k", kind),),) if kind else ())
        found = some_of(_said(words), narrow, limit)
        return thread_rows([thread.id for thread in found])

    def related(self, thread: Thread, limit: int) -> list[int]:
        """Other threads about the same, by their ids: the same components and words. No text is read: the foot of a
        page is worth two questions to the index, and no more."""
        near = Near.to(_said(thread.title), Narrow())
        mine = {f"c{component.id}" for component in components_of([thread.id]).get(thread.id, ())}
        others = [other for other in near.threads.values() if other.id != thread.id]
        for other in others:
            said, titled = near.said[other.id], near.titled[other.id]
            if near.ranking.share(said | titled) >= RELATED:
                other.worth = sum(
                    near.ranking.weights[n] * (IN_TITLE if n in titled else 1) for n in said | titled
                )
                other.worth *= SAME_COMPONENT if mine & other.all_tags else 1
        return [other.id for other in _best(others)[:limit]]


def _best(threads: Iterable[Candidate]) -> list[Candidate]:
    worthy = (thread for thread in threads if thread.worth > 0)
    return sorted(worthy, key=lambda thread: (-thread.worth, -thread.id))


def _frequencies(alone: Sequence[Some]) -> tuple[int, list[float]]:
    """Of how many posts these are counts, and how many have each word: as far as the newest of them tell."""
    newest = max((post.place for some in alone for post in some.posts), default=1)
    many = min(newest, NEWEST)
    counts = []
    for some in alone:
        all_there_are = len(some.posts) < OF_ONE_WORD
        span = newest if all_there_are else some.posts[0].place - some.posts[-1].place + 1
        counts.append(min(many, len(some.posts) * many / span))
    return many, counts


def _choices(numbers: list[int]) -> Iterator[tuple[int, ...]]:
    """Ever fewer of them: all but one, then two. The heaviest stand first."""
    if len(numbers) > 3:
        yield from combinations(numbers, len(numbers) - 1)
    if len(numbers) > 2:
        yield from combinations(numbers[:4], 2)
    elif len(numbers) == 2:
        yield tuple(numbers)


def _said(words: str) -> Words:
    """All of `words` as plain words: in a title a quote or a dash is no operator."""
    return parse(" ".join(WORD.findall(words[:LONGEST])), most=LONGEST)
