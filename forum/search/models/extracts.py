"""The part of a post that shows why it was found, with its words marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from markupsafe import Markup

from forum.core.markup import marked, words_of
from forum.search.models.parsing import Group
from forum.search.models.ranking import pattern
from forum.search.models.words import Text

LONG = 240  # characters shown
BEFORE = 60  # of them before the first word that is marked
READ = 20_000  # characters in which words are looked for
# Looked for like all others, but a page on which each of them is marked shows nothing.
EVERYDAY = frozenset(
    "a about an and any are as at be been but by can could did do does for from get had has have how i if in is it its"
    " me my no not of on or our should so some than that the their them there they this to us was we were what when"
    " where which who why will with would you your".split()
)

Span = tuple[int, int]
Place = tuple[int, int, int]  # start, end, and the number of the group


class Marker:
    """Marks the words of some groups; everyday words only where there is nothing else, or they were quoted."""

    def __init__(self, groups: Sequence[Group]) -> None:
        telling = [group for group in groups if group.quoted or group.typed not in EVERYDAY] or groups
        self._patterns = [
            (number, pattern(phrase)) for number, group in enumerate(telling) for phrase in group.phrases
        ]

    def title(self, title: str) -> Markup:
        return marked(title, [place[:2] for place in self._places(title)])

    def extract(self, html: str) -> Markup:
        """About LONG characters of a post's own words: those that say most of what was looked for."""
        text = unicodedata.normalize("NFC", words_of(html, quotations=False) or words_of(html))
        places = self._places(text[:READ])
        start = _start(text, _best(places))
        end = _end(text, start)
        inside = [(a - start, b - start) for a, b, _ in places if a >= start and b <= end]
        before, after = "… " if start else "", " …" if end < len(text) else ""
        shift = len(before)
        return marked(before + text[start:end].rstrip() + after, [(a + shift, b + shift) for a, b in inside])

    def _places(self, text: str) -> list[Place]:
        """Where the words stand, in order; of two that overlap the longer."""
        read = Text.of(text)
        found = sorted(
            (
                (start, end, number)
                for number, pattern in self._patterns
                for start, end in pattern.spans(read)
            ),
            key=lambda place: (place[0], -place[1]),
        )
        apart: list[Place] = []
        for place in found:
            if not apart or place[0] >= apart[-1][1]:
                apart.append(place)
        return apart


def _best(places: list[Place]) -> int:
    """The start of the run of places, LONG characters at most, that has the most groups; the earliest of equals."""
    best, most = 0, 0
    for number, (start, _, _) in enumerate(places[:500]):
        near = {group for begin, _, group in places[number : number + 50] if begin < start + LONG - BEFORE}
        if len(near) > most:
            best, most = start, len(near)
    return best


def _start(text: str, first: int) -> int:
    """Where an extract begins whose first marked word is at `first`: with a sentence, or else with a word."""
    if first < BEFORE or len(text) <= LONG:
        return 0
    early = max(first - 2 * BEFORE, 0)
    sentence = max(text.rfind(mark, early, first) for mark in (". ", "? ", "! "))
    if sentence >= 0:
        return sentence + 2
    return text.rfind(" ", 0, first - BEFORE + 20) + 1


def _end(text: str, start: int) -> int:
    if len(text) <= start + LONG:
        return len(text)
    space = text.rfind(" ", start + LONG // 2, start + LONG)
    return space if space > 0 else start + LONG
