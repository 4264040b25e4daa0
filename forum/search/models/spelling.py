"""Did you mean: a word that finds nothing, and another that differs from it by one letter and finds something."""

from __future__ import annotations

import re

from forum.search.models.home import home
from forum.search.models.index import Narrow
from forum.search.models.parsing import Group, Words
from forum.search.models.query import Query

SHORTEST = 4
RARE = 2  # posts: a word this rare may be a slip that others made too
FAR_MORE = 20  # times as many posts have the better word
COUNTED = RARE * FAR_MORE + 1
TRIED = 20


def better_spelled(query: Query) -> Query | None:
    """`query` with the words that find nothing, or next to nothing, spelled as others spell them; None where all are
    fine. Whatever is offered is in public posts."""
    text = query.text
    for group in query.words.groups:
        if not _is_plain(group):
            continue
        others = tuple(other for other in query.words.groups if other is not group)
        better = _better(group.phrases[0][0], others)
        if better is not None:
            typed = rf"(?<!\w){re.escape(group.typed)}(?!\w)"
            text = re.sub(typed, better, text, count=1, flags=re.IGNORECASE)
    return query.but(text=text) if text != query.text else None


def one_apart(one: str, other: str) -> bool:
    """They differ by one letter more, less or other, or by two neighbours that changed places."""
    one, other = sorted((one, other), key=len)
    start = next((n for n, letter in enumerate(one) if other[n] != letter), len(one))
    rest, more = one[start:], other[start:]
    if len(one) == len(other):
        changed_places = rest[:2] == more[1::-1] and rest[2:] == more[2:]
        return bool(rest) and (rest[1:] == more[1:] or changed_places)
    return len(other) - len(one) == 1 and rest == more[1:]


def _is_plain(group: Group) -> bool:
    """One word in letters, not quoted, and not a name that schools use."""
    words = group.phrases[0]
    plain = (
        len(words) == 1
        and words[0].isascii()
        and words[0].islower()
        and words[0].isalpha()
        and len(words[0]) >= SHORTEST
    )
    return plain and not group.quoted and not group.added


def _better(word: str, others: tuple[Group, ...]) -> str | None:
    """The word near to this one that most posts have together with the `others`, or else that most posts have."""
    own = _posts_with([word], RARE + 1)[word]
    if own > RARE:
        return None
    near = [other for other in home().differ_by_one(word) if one_apart(word, other)]
    near.sort(key=lambda other: (other[0] != word[0], abs(len(other) - len(word)), other))
    counts = _posts_with(near[:TRIED], COUNTED)
    together = _posts_with(list(counts), COUNTED, others) if others else counts
    best = max(counts, key=lambda other: (together[other], counts[other], -near.index(other)), default=None)
    if best is None or counts[best] == 0 or (own and counts[best] < FAR_MORE * own):
        return None
    return best


def _posts_with(words: list[str], most: int, others: tuple[Group, ...] = ()) -> dict[str, int]:
    """How many posts have each of `words`, and `others` with it; counted up to `most`."""
    asked = [Words((Group(word, ((word,),)), *others)) for word in words]
    found = home().some(asked, Narrow(), most) if asked else []
    return {word: len(some.posts) for word, some in zip(words, found, strict=True)}
