"""From what was typed to words to look for: quotes, a minus, hyphens, apostrophes, and names that schools use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forum.search.models.synonyms import Phrase, synonyms
from forum.search.models.words import tokens

MOST_WORDS = 12
PIECE = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
QUOTES = str.maketrans("“”„‟«»", '""""""')


@dataclass(frozen=True)
class Group:
    """One thing to look for: any of `phrases`, of which the first are as `typed`."""

    typed: str
    phrases: tuple[Phrase, ...]
    added: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class Words:
    """What a post must have, all of `groups`, and what it must not have. `ignored` were too many, or no words."""

    groups: tuple[Group, ...] = ()
    without: tuple[Phrase, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        """What synonyms add, each once."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group.added))

    @property
    def has_phrase(self) -> bool:
        """Something here is looked for side by side, which costs more than words do."""
        return any(len(phrase) > 1 for group in self.groups for phrase in group.phrases)


@dataclass(frozen=True)
class _Piece:
    text: str
    words: Phrase
    minus: bool
    quoted: bool


def parse(text: str, plain: bool = False, most: int = MOST_WORDS) -> Words:
    """The words of `text`; any string is good. With `plain` nothing is added to them."""
    ignored: list[str] = []
    if len(text.split()) > 2 and text.isupper():
        text = text.lower()  # where all is in capitals, they say nothing of any word
    pieces = list(_pieces(text, ignored))
    if len(pieces) > most:
        ignored.append(f"all after the first {most} words")
        pieces = pieces[:most]
    without = tuple(synonyms().phrase(piece.text, piece.words) for piece in pieces if piece.minus)
    wanted = [piece for piece in pieces if not piece.minus]
    groups = [_alone(piece) for piece in wanted] if plain else list(_grouped(wanted))
    return Words(tuple(dict.fromkeys(groups)), tuple(dict.fromkeys(without)), tuple(ignored))


def _pieces(text: str, ignored: list[str]) -> Iterator[_Piece]:
    text = text.translate(QUOTES)
    if text.count('"') % 2:
        head, _, tail = text.rpartition('"')
        text = f"{head} {tail}"
    for found in PIECE.finditer(text):
        quoted = found["quoted"] is not None
        said = (found["quoted"] if quoted else found["bare"]).strip()
        words = tuple(tokens(said if quoted else re.sub(r"['’]s?(?=$|[^\w])", "", said)))
        if words:
            yield _Piece(said, words, bool(found["minus"]), quoted)
        elif said:
            ignored.append(f"“{said}”, which has no letters or digits")


def _grouped(pieces: list[_Piece]) -> Iterator[Group]:
    """One group for each piece, or for as many in a row as are a name that has others."""
    known = synonyms()
    start = 0
    while start < len(pieces):
        for end in range(min(len(pieces), start + known.longest), start, -1):
            run = pieces[start:end]
            if any(piece.quoted for piece in run):
                continue
            if others := known.others(_typed(run)):
                yield _named(run, others)
                start = end
                break
        else:
            yield _alone(pieces[start])
            start += 1


def _typed(run: list[_Piece]) -> str:
    return " ".join(piece.text for piece in run)


def _named(run: list[_Piece], others: tuple[str, ...]) -> Group:
    typed = _typed(run)
    own = synonyms().phrase(typed, tuple(word for piece in run for word in piece.words))
    phrases = dict.fromkeys((own, *map(synonyms().phrase, others)))
    return Group(typed, tuple(phrases), others)


def _alone(piece: _Piece) -> Group:
    """A word with a hyphen or an apostrophe inside may be written without."""
    phrases = [synonyms().phrase(piece.text, piece.words)]
    if not piece.quoted and len(piece.words) == 2 and re.search(r"\w[-'’]\w", piece.text):
        phrases.append(("".join(piece.words),))
    return Group(piece.text, tuple(phrases), quoted=piece.quoted)
