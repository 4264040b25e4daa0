"""What schools call by more than one name, from synonyms.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forum.search.models.words import stem, tokens

CAPITALS = re.compile(r"[A-Z]{2,8}s?")
FILE = Path(__file__).parents[1] / "synonyms.toml"

Phrase = tuple[str, ...]


class BadSynonyms(ValueError):
    """The file says something that cannot be meant; the message says where."""


@dataclass(frozen=True)
class Synonyms:
    """Names for the same thing. `names` has each name of a group by the stems of its words. `as_typed` has those that
    are everyday words too, with the spellings in which they are names."""

    names: dict[Phrase, tuple[str, ...]]
    as_typed: dict[Phrase, frozenset[str]]

    @property
    def longest(self) -> int:
        """The words of the longest name."""
        return max(map(len, self.names), default=0)

    def others(self, typed: str) -> tuple[str, ...]:
        """The other names of what `typed` names; nothing where it names nothing. A name that is an everyday word too is
        one of them only where posts can tell: it is a word in capitals."""
        key = _key(typed)
        if key in self.as_typed and not self._is_spelled(key, typed):
            return ()
        return tuple(
            name
            for name in self.names.get(key, ())
            if _key(name) != key and (_key(name) not in self.as_typed or self._tells(_key(name)))
        )

    def phrase(self, name: str, words: Phrase | None = None) -> Phrase:
        """What to look for in posts: the `words` of `name`, or, where it is an everyday word too and spelled as the
        name is, that word in capitals. What is in capitals here is found in capitals only."""
        key = _key(name)
        if self._tells(key) and self._is_spelled(key, name):
            return (_singular(name),)
        return words or tuple(tokens(name))

    def _is_spelled(self, key: Phrase, typed: str) -> bool:
        return _singular(typed) in map(_singular, self.as_typed.get(key, ()))

    def _tells(self, key: Phrase) -> bool:
        """It is written in capitals, always."""
        return len(key) == 1 and all(CAPITALS.fullmatch(name) for name in self.as_typed.get(key, ("",)))


@cache
def synonyms() -> Synonyms:
    """Those of the file, read once."""
    return read(FILE)


def read(file: Path) -> Synonyms:
    """The synonyms in `file`. Raises BadSynonyms where a name has no word, or stands twice."""
    names: dict[Phrase, tuple[str, ...]] = {}
    as_typed: dict[Phrase, set[str]] = {}
    for group in tomllib.loads(file.read_text("utf-8"))["group"]:
        words = tuple(group["words"])
        for name in words:
            key = _key(name)
            if not key:
                raise BadSynonyms(f"{file.name}: {name!r} has no word in it.")
            if names.get(key, words) != words:
                raise BadSynonyms(f"{file.name}: {name!r} stands in two groups.")
            names[key] = words
        for name in group.get("as_typed", ()):
            if _key(name) not in names:
                raise BadSynonyms(f"{file.name}: {name!r} is under as_typed and not under words.")
            as_typed.setdefault(_key(name), set()).add(name)
    return Synonyms(names, {key: frozenset(spelled) for key, spelled in as_typed.items()})


def _singular(name: str) -> str:
    """`name` without the s that makes TAs of a TA."""
    return name.removesuffix("s") if CAPITALS.fullmatch(name) else name


def _key(name: str) -> Phrase:
    return tuple(stem(word) for word in tokens(name))
