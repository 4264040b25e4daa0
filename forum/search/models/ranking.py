"""Which of the posts that were found says best what was asked. The same for both databases.

A post is worth more where it says the words more often for its length (BM25, with the rare words weighing more), says
them side by side, or stands under a title that says them. A thread is worth its best post, and a little for each other
post that was found in it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forum.search.models.parsing import Group
from forum.search.models.synonyms import Phrase
from forum.search.models.words import Text, in_capitals, stem

READ = 2_000  # characters of a post
FEWEST = 200  # posts: of fewer nobody can say which words are rare
USUAL = 600
ENOUGH, LENGTH = 1.2, 0.6  # BM25's k1 and b
IN_TITLE = 2.2  # what a word in the title weighs, in words said once
WHOLE_TITLE = 1.5
SIDE_BY_SIDE = 0.6
OPENING = 1.1
OTHERS = 0.25
ADDED = 0.8  # another name for what was typed, in what was typed
SPELLED_OUT = (
    1.5  # the same where a short name was typed, and this is the long one: it can mean one thing only
)
SHORT = 4  # letters
SPREAD = 0.6  # words in other posts of the thread, in words in the best post
BETWEEN = re.compile(r"[\W_]+")
QUOTED_LINES = re.compile(r"^[ \t]*>.*$", re.MULTILINE)


class Capitals:
    """Finds a name that is an everyday word too: in capitals only, of one or of several."""

    def __init__(self, name: str) -> None:
        self.head, self._name = name.lower(), name
        self._words = re.compile(rf"(?<![^\W_]){name}s?(?![^\W_])")

    def spans(self, text: Text) -> Iterator[tuple[int, int]]:
        return (found.span() for found in self._words.finditer(text.written))

    def stands_in(self, text: Text) -> bool:
        return self._name in text.written and next(self.spans(text), None) is not None


class Inflected:
    """Finds a phrase, in whatever form its words have."""

    def __init__(self, phrase: Phrase) -> None:
        self._stems = [stem(word) for word in phrase]
        self.head = _head(phrase[0])
        # No \\b in front: a pattern that begins with letters is ten times as fast.
        self._words = re.compile(r"[\W_]+".join(map(_forms, phrase)))

    def spans(self, text: Text) -> Iterator[tuple[int, int]]:
        folded = text.folded
        if self.head not in folded:
            return
        for found in self._words.finditer(folded):
            start, end = found.span()
            if start and folded[start - 1].isalnum():
                continue
            said = found.group()
            words = [said] if len(self._stems) == 1 else BETWEEN.split(said)
            if [stem(word) for word in words] == self._stems:
                yield start, end

    def stands_in(self, text: Text) -> bool:
        return self.head in text.folded and next(self.spans(text), None) is not None


Pattern = Capitals | Inflected


def pattern(phrase: Phrase) -> Pattern:
    return Capitals(phrase[0]) if in_capitals(phrase[0]) else Inflected(phrase)


@dataclass(frozen=True)
class Ranking:
    """How much each of some groups of words weighs, and how to find them."""

    weights: tuple[float, ...]
    patterns: tuple[tuple[tuple[Pattern, float], ...], ...]
    heads: tuple[str, ...]

    @classmethod
    def of(cls, groups: Sequence[Group], many: int, counts: Sequence[float]) -> Ranking:
        """`counts` of `many` recent posts have each of the groups: the fewer, the heavier."""
        many = max(many, FEWEST)
        weights = tuple(math.log(1 + (many - count + 0.5) / (count + 0.5)) + 0.1 for count in counts)
        patterns = []
        for group in groups:
            valued = [(pattern(phrase), _value(group, phrase)) for phrase in group.phrases]
            patterns.append(tuple(sorted(valued, key=lambda each: -each[1])))
        heads = dict.fromkeys(pattern.head for valued in patterns for pattern, _ in valued)
        return cls(weights, tuple(patterns), tuple(heads))

    def post(self, source: str, opens: bool) -> float:
        """What a post is worth for its own words, quotations left out."""
        text = Text.of(own(source))
        long = 1 - LENGTH + LENGTH * len(text.folded) / USUAL
        worth, places = 0.0, []
        for weight, patterns in zip(self.weights, self.patterns, strict=True):
            found = [(value, list(pattern.spans(text))) for pattern, value in patterns]
            worth += weight * max(
                value * len(spans) * (ENOUGH + 1) / (len(spans) + ENOUGH * long) for value, spans in found
            )
            places.append([span for _, spans in found for span in spans])
        return (worth + SIDE_BY_SIDE * self._beside(places)) * (OPENING if opens else 1)

    def title(self, title: str) -> float:
        """What a thread is worth for its title."""
        text = Text.of(title)
        if not any(head in text.folded for head in self.heads):  # most have nothing of it
            return 0.0
        worth, said = 0.0, 0
        for weight, patterns in zip(self.weights, self.patterns, strict=True):
            for pattern, value in patterns:  # the first are worth most
                if pattern.stands_in(text):
                    worth += IN_TITLE * weight * value
                    said += 1
                    break
        if said and said == len(self.weights):
            worth += WHOLE_TITLE * sum(self.weights) * said / max(said, title.count(" ") + 1)
        return worth

    def said(self, source: str) -> frozenset[int]:
        """The numbers of the groups that stand in `source`."""
        text = Text.of(source)
        return frozenset(
            number
            for number, patterns in enumerate(self.patterns)
            if any(pattern.stands_in(text) for pattern, _ in patterns)
        )

    def share(self, groups: Iterable[int]) -> float:
        """How much of all that was asked these groups are, from 0 to 1."""
        return sum(self.weights[number] for number in groups) / (sum(self.weights) or 1)

    def spread(self, best: frozenset[int], others: Iterable[frozenset[int]]) -> float:
        """What a thread is worth for the groups that only posts other than its best have."""
        more = frozenset().union(*others) - best
        return SPREAD * sum(self.weights[number] for number in more)

    def _beside(self, places: list[list[tuple[int, int]]]) -> float:
        """The weight of neighbours in the query that are neighbours in the text."""
        near = 0.0
        for number in range(len(places) - 1):
            starts = {start for start, _ in places[number + 1]}
            if any(end + gap in starts for _, end in places[number] for gap in (1, 2)):
                near += self.weights[number] + self.weights[number + 1]
        return near


def posts_worth(posts: Sequence[float]) -> float:
    """What these posts of a thread are worth together."""
    return max(posts) + OTHERS * math.log2(len(posts))


def own(source: str) -> str:
    """The beginning of a post without the lines that quote."""
    return QUOTED_LINES.sub("", source) if ">" in source else source


def _value(group: Group, phrase: Phrase) -> float:
    if phrase == group.phrases[0] or not group.added:
        return 1.0
    return SPELLED_OUT if len(phrase) > 1 and len(group.typed) <= SHORT else ADDED


def _forms(word: str) -> str:
    """A pattern for whatever may be a form of `word`; short words have few."""
    more = r"\w{0,4}(?!\w)" if len(word) <= 3 else r"\w*"
    return re.escape(_head(word)) + more


def _head(word: str) -> str:
    """Letters that every form of `word` begins with."""
    root = stem(word)
    shared = 0
    while shared < min(len(root), len(word)) and root[shared] == word[shared]:
        shared += 1
    return word[: shared if shared < 4 or root[-1] not in "ei" else shared - 1]
