"""Words as the index knows them: folded, taken apart, and cut to their stems as both databases do."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer

WORD = re.compile(r"[^\W_]+")
LONGEST_STEMMED = 64  # FTS5 leaves longer words as they are
_TITLE_NOISE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", " -'’?!.,:;\"&()")


def fold(text: str) -> str:
    """`text` in lower case and without marks on its letters, with as many characters as before."""
    if text.isascii():
        return text.lower()
    text = text.lower() if len(text.lower()) == len(text) else "".join(_small(letter) for letter in text)
    return "".join(_bare(letter) for letter in text)


def tokens(text: str) -> list[str]:
    """The words of `text`, folded: whatever stands between its letters and digits is gone."""
    found = WORD.findall(fold(unicodedata.normalize("NFC", text)))
    return [word for word in found if word.isascii() or all(map(_plain, word))]


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of `text`, folded, with where it begins and ends."""
    for found in WORD.finditer(fold(text)):
        yield found.group(), found.start(), found.end()


class Text(NamedTuple):
    """A text as it is written, and folded: places in the one are places in the other."""

    written: str
    folded: str

    @classmethod
    def of(cls, text: str) -> Text:
        return cls(text, fold(text))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The stem of a folded word, by Porter's rules."""
    if len(word) < 3 or len(word) > LONGEST_STEMMED:
        return word
    root: str = _stemmer.porter.stemWord(word)
    return root


def in_capitals(word: str) -> bool:
    """A name to be found in capitals only (see synonyms.Synonyms.phrase): all other words here are folded."""
    return word.isascii() and word.isupper()


def title_key(title: str) -> str:
    """What two spellings of one title have in common. The migration of the index says the same in SQL."""
    return title.translate(_TITLE_NOISE)


def _plain(letter: str) -> bool:
    """Not one of the numbers in circles, the fractions and superscripts: they are words to one database only."""
    return letter > "\u00bf" and (letter.isalpha() or letter.isdecimal()) or letter.isascii()


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 else letter


def _bare(letter: str) -> str:
    return letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0]


class _Stemmer(threading.local):
    """One for each thread: it has a state."""

    def __init__(self) -> None:
        self.porter = snowballstemmer.stemmer("porter")


_stemmer = _Stemmer()
