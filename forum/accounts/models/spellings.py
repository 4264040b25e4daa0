"""The words of a school's name: as the register writes them, and as people type them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_WORD = 40
MOST_WORDS = 8
MOST_TYPED = 300  # characters of a question that are looked at

# What a name says -> the other words by which the school is found. A word that only begins another ("sch",
# "prep") is found already.
ALSO = {
    "c e": "ce cofe church england",
    "c of e": "ce cofe church england",
    "catholic": "rc roman",
    "ce": "cofe church of england",
    "church of england": "ce cofe",
    "cof e": "ce cofe church england",
    "cofe": "ce church of england",
    "inf": "infant",
    "jmi": "junior mixed infant",
    "jnr": "junior jr",
    "jr": "junior jnr",
    "junior": "jnr jr",
    "junior mixed and infant": "jmi",
    "mount": "mt",
    "mt": "mount",
    "pru": "pupil referral unit",
    "pupil referral unit": "pru",
    "r c": "rc roman catholic",
    "rc": "roman catholic",
    "saint": "st",
    "saints": "ss",
    "sch": "school",
    "sixth": "6th",
    "6th": "sixth",
    "ss": "saints",
    "st": "saint",
    "university technical college": "utc",
    "utc": "university technical college",
    "va": "voluntary aided",
    "vc": "voluntary controlled",
    "voluntary aided": "va",
    "voluntary controlled": "vc",
}
# What is typed whole is looked for in its short form; half typed, its words are found one by one.
SHORT = {
    "church of england": "ce",
    "c of e": "ce",
    "c e": "ce",
    "cof e": "ce",
    "cofe": "ce",
    "roman catholic": "rc",
    "r c": "rc",
}
NAME, PLACE, AUTHORITY, NUMBER = 0, 20, 30, 40  # where a word stands: the first of a name is 0

_APOSTROPHES = re.compile("['\u2018\u2019\u201b\u02bc\u0060\u00b4\u2032]")
_INITIALS = re.compile(r"(?<![a-z0-9])([a-z])\.(?=[a-z](?![a-z0-9]))")  # "c.e." is "ce"
_WORD = re.compile("[a-z0-9]+")


def words_of(text: str) -> list[str]:
    """The words of `text` in small plain letters: no accents, no apostrophes; `&` is "and"."""
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _INITIALS.sub(r"\1", _APOSTROPHES.sub("", plain)).replace("&", " and ")
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


@dataclass(frozen=True, slots=True)
class Term:
    """One word to look for: a school has it where one of its words begins so, or where `whole` is that word."""

    word: str
    whole: bool = False

    @property
    def last(self) -> str:
        """The words from `word` to here, in the order of their letters, begin with it."""
        return self.word if self.whole else f"{self.word}~"

    @property
    def singular(self) -> str:
        """A school without the s is meant too: "marys" finds St Mary, "infants" finds Infant."""
        longer = len(self.word) > 3 and self.word.endswith("s") and not self.whole
        return self.word[:-1] if longer else self.word


def terms_of(text: str) -> list[Term]:
    """What to look for where a person typed `text`: at most eight words."""
    line = f" {' '.join(words_of(text[:MOST_TYPED]))} "
    for long, short in SHORT.items():
        line = line.replace(f" {long} ", f" ={short} ")
    words = dict.fromkeys(line.split())
    return [Term(word.lstrip("="), word.startswith("=")) for word in words][:MOST_WORDS]


def written_words(
    name: str, town: str | None, authority: str | None, postcode: str | None, urn: int
) -> dict[str, int]:
    """Every word by which a school is found -> where it stands first."""
    found: dict[str, int] = {}
    for start, text in ((NAME, name), (PLACE, town), (AUTHORITY, authority)):
        words = words_of(text or "")
        _note(found, words, start)
        for more in _also(words):
            _note(found, more, start + len(words))
    whole = "".join(words_of(postcode or ""))
    if len(whole) > 4:  # "ls1", "4ab" and "ls14ab": with the space and without
        _note(found, (whole, whole[:-3], whole[-3:]), NUMBER)
    _note(found, (str(urn),), NUMBER)
    return found


def _note(found: dict[str, int], words: Iterable[str], start: int) -> None:
    for place, word in enumerate(words, start):
        found.setdefault(word, place)


def _also(words: list[str]) -> Iterable[list[str]]:
    """The other spellings of what is in `words`."""
    line = f" {' '.join(words)} "
    for said, more in ALSO.items():
        if f" {said} " in line:
            yield more.split()
