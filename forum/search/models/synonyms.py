"""What schools call by more than one name, from synonyms.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forum.search.models.words import stem, tokens

FILE = Path(__file__).parents[1] / "synonyms.toml"

Phrase = tuple[str, ...]


class BadSynonyms(ValueError):
    """The file says something that cannot be meant; the message says where."""


@dataclass(frozen=True)
class Synonyms:
    """Names for the same thing. `names` has each name of a group by the stems of its words."""

    names: dict[Phrase, tuple[str, ...]]
    as_typed: dict[Phrase, frozenset[str]]

    @property
    def longest(self) -> int:
        """The words of the longest name."""
        return max(map(len, self.names), default=0)

    def others(self, typed: list[str]) -> tuple[str, ...]:
        """The other names of what these pieces of a query name together; nothing where they name nothing. A name that
        is an everyday word too is none of them: in the posts nobody can tell which it is."""
        key = _key(" ".join(typed))
        spelled = self.as_typed.get(key)
        if spelled is not None and " ".join(typed) not in spelled:
            return ()
        return tuple(
            name for name in self.names.get(key, ()) if _key(name) != key and _key(name) not in self.as_typed
        )


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


def _key(name: str) -> Phrase:
    return tuple(stem(word) for word in tokens(name))
