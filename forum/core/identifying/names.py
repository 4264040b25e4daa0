"""Pupils by name: a name that a class, a year group, an age or the word pupil stands next to. Titles, roles and books
say that it is somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

Found = tuple[str, int, int]
WORDS = Path(__file__).parent / "words"


def _words(name: str) -> list[str]:
    lines = (WORDS / name).read_text("utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


_FIRST = _words("first_names.txt")
FIRST = frozenset(name.rstrip("*").casefold() for name in _FIRST)
DOUBTFUL = frozenset(name.rstrip("*").casefold() for name in _FIRST if name.endswith("*"))
LAST = frozenset(_words("surnames.txt"))
NO_NAMES = frozenset(_words("not_names.txt"))
PLACES = frozenset(_words("places.txt"))
FIGURES = frozenset(
    line.casefold()
    for line in (WORDS / "figures.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
)
TITLES = frozenset("mr mrs miss ms mx dr prof professor sir dame lord lady rev reverend father sister cllr".split()) | {
    "councillor", "saint", "st", "king", "queen", "prince", "princess", "captain", "president", "uncle", "aunt",
}  # fmt: skip

NUMBER = (
    r"(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen)"
)
AGE = rf"(?i:{NUMBER}|1[0-8]|[3-9])(?!\d|[.:/]\d|\s?%)"
CLASS = (
    rf"(?:(?i:years?|yr|y)\.?[ -]?(?:1[0-3]|[1-9])(?!\d|[./]\d|\s?%)[A-Za-z]?\b|(?i:year|yr) (?i:r|one|two|{NUMBER})\b"
    r"|(?i:reception|nursery)\b"
    r"|(?i:class|form|grade|primary) ?(?:1[0-3]|[1-9])[A-Za-z]?\b|(?:1[0-3]|[1-9])(?!D\b)[A-Z]\b"
    r"|(?:1[0-3]|[4-9])D\b|[A-Z][a-z]+ [Cc]lass\b)"
)
FILLED = (
    r"(?:(?:who(?:['’]s)?|is|was|has|had|just|now|still|currently|gone|moved|up|going|in|into|from|of|to|joined"
    r"|joining|started|starting|enter(?:s|ed)|and|he|she|they|are|a|an|my|our|the|her|his|one|only|also|at|both|all"
    r"|aged?) ){0,6}"
)
APART = r"[*_]{0,3}(?:, [^,.()\n]{3,40},)?[ \n]{0,2}[,(\[:;–—|-]{0,2}[ \n]{0,2}"
IN_CLASS = re.compile(rf"(?:['’]s)?(?:{APART}{FILLED}|[.;] (?:[Hh]e|[Ss]he|[Tt]hey) {FILLED}){CLASS}")
OF_AGE = re.compile(
    rf" ?[(\[](?:aged? )?{AGE}(?: years?(?: old)?| ?yrs?)?[,)\]]|{APART}{FILLED}(?:aged|age) {AGE}\b"
    rf"|,? {FILLED}{AGE}[ -]?(?:years?|yrs?)[ -]old\b|, {AGE}(?=[,;.]|$| and\b)"
    rf"|,? (?:who )?(?:is|turned|turns) (?:now |just |only )?{AGE}(?=[,;.!?]|$| (?:in|on|last|this) "
    r"| and (?:he|she|has|can|in|loves|finds))"
)
CHILD = (
    r"(?:pupils?|child(?:ren)?|boys?|girls?|students?|learners?|lads?|lass|kids?|(?:grand)?sons?|(?:grand)?daughters?"
    r"|nephew|niece|youngster|schoolboy|schoolgirl)"
)
A_CHILD = re.compile(rf"\b{CHILD}(?: voice)?[,:]? (?:is |was )?(?:called |named |like )?$", re.IGNORECASE)
CALLED = re.compile(r"\b(?:called|named) $")
AFTER_CLASS = re.compile(rf"\b[Ii]n {CLASS}, $|\b{CLASS} (?i:{CHILD}),? $")
AFTER_AGE = re.compile(rf"\b{AGE}[- ]years?[- ]old(?: {CHILD})?,? $", re.IGNORECASE)
SPOKEN_OF = re.compile(r"\b(?:he|she|his|her|him|hers)\b|\b" + CHILD + r"\b", re.IGNORECASE)
SET = re.compile(rf"\b{CLASS}|\b{AGE}[- ]years?[- ]old\b|\baged {AGE}\b")

ROLE = (
    r"(?:teach(?:er|ers|es|ing)|taught|TA|T\.A\.|HLTA|SENCO|NQT|ECT|tutor|lead|leads|leader|led|head|heads|headteacher"
    r"|principal|deputy|colleague|coordinator|co-ordinator|manager|mentor|governor|assistant|adviser|advisor|inspector"
    r"|consultant|trainer|coach|librarian|caretaker|cook|bursar|secretary|minister|chair|practitioner|counsellor"
    r"|runs|ran|plans|planned|manages|staff|team|author|poet|writer|illustrator|novelist|composer|playwright|artist)"
)
ROLE_BEFORE = re.compile(
    rf"\b{ROLE}(?: of [\w ]{{2,20}}| for [\w ]{{2,20}}| in [\w ]{{2,12}})?,? $", re.IGNORECASE
)
ROLE_AFTER = re.compile(
    rf"[)\]]?(?:['’]s)?,? ?(?:and |who |class |phase |form |subject |maths |English |literacy |year |group |also |now )"
    rf"{{0,2}}{ROLE}\b",
    re.IGNORECASE,
)
ROLE_HERE = re.compile(rf"\b{ROLE}\b", re.IGNORECASE)
READ = re.compile(
    r"\b(?:read|reads|reading|study|studies|studied|studying|performs?|topic (?:on|is)|books?|poems?|plays|stories"
    r"|novels?|works|life|diary|learn(?:s|ed|t|ing)? about)(?: (?:by|of|from|on))? $",
    re.IGNORECASE,
)
WRITTEN_BY = re.compile(r"\bby $", re.IGNORECASE)
MADE_UP = re.compile(
    r"not (?:his|her|their) real name|names? (?:has|have|had)? ?been changed|names? changed"
    r"|\b(?:i['’]?ll|i will|we['’]?ll|we will|let['’]?s|let us|shall) call",
    re.IGNORECASE,
)
PARTICLES = frozenset("van von de der den del della di da du la le el al bin bint ibn ul".split())
WORD = re.compile(r"(?<![\w@&/.'’-])(?:[^\W\d_]\.(?!\w)|[^\W\d_][^\W_]*(?:['’-][^\W\d_]+)*)")
OWNED = re.compile(r"['’]s$", re.IGNORECASE)
LONGEST, LONGEST_RUN = 4, 12  # words of a name, and of a run of words with capitals


class Sure(IntEnum):
    """How surely some words are a person's name."""

    PERHAPS = 1  # two words with capitals that are no words we know
    FIRST = 2  # a first name alone
    WHOLE = 3  # a first name with a surname or its letter


@dataclass(frozen=True, slots=True)
class Name:
    start: int
    end: int
    sure: Sure


def found(text: str) -> Iterator[Found]:
    has_set = SET.search(text) is not None
    for name in _names(text):
        end = _pupil(text, name, has_set)
        if end is not None:
            yield "pupil", name.start, end


def _pupil(text: str, name: Name, has_set: bool) -> int | None:
    """Where the words end that say `name` is a pupil's; None where nothing does, or it is somebody else's. With
    `has_set` there is a class or an age somewhere in the text."""
    before, after = text[max(0, name.start - 90) : name.start], text[name.end : name.end + 120]
    proof = (has_set and IN_CLASS.match(after)) or OF_AGE.match(after) or None
    if not (_with_proof(name, proof, before, after) if proof else _without(name, before, after, has_set)):
        return None
    if _is_somebody_else(before, after[proof.end() :] if proof else after, proof):
        return None
    return name.end + (proof.end() if proof else 0)


def _with_proof(name: Name, proof: re.Match[str], before: str, after: str) -> bool:
    """A class or an age follows. Words that are perhaps no name must be spoken of as a person."""
    if name.sure > Sure.PERHAPS or "years old" in proof[0]:
        return True
    return bool(SPOKEN_OF.search(after) or A_CHILD.search(before[-50:]))


def _without(name: Name, before: str, after: str, has_set: bool) -> bool:
    """What comes before the name, or stands in the same sentence, says whose it is."""
    near = before[-50:]
    if A_CHILD.search(near):
        if name.sure == Sure.PERHAPS:
            return CALLED.search(near) is not None
        return name.sure == Sure.WHOLE or SET.search(before + "·" + after[:60]) is not None
    if not has_set or name.sure == Sure.PERHAPS:
        return False
    if AFTER_AGE.search(near):
        return True
    return name.sure == Sure.WHOLE and bool(AFTER_CLASS.search(near) or _in_one_sentence(before, after))


def _in_one_sentence(before: str, after: str) -> bool:
    """The sentence has a class or an age, and speaks of a child; nobody in it teaches or writes."""
    begun = re.split(r"[.!?]\s|\n", before)[-1]
    sentence = begun + "·" + re.split(r"[.!?]\s|\n", after)[0]
    if not SET.search(sentence) or not SPOKEN_OF.search(sentence):
        return False
    return not ROLE_HERE.search(sentence) and not READ.search(before)


def _is_somebody_else(before: str, rest: str, proof: re.Match[str] | None) -> bool:
    if MADE_UP.search(before) or MADE_UP.search(rest[:60]):
        return True
    if proof is not None and (ROLE_HERE.search(proof[0]) or MADE_UP.search(proof[0])):
        return True
    if ROLE_BEFORE.search(before) or ROLE_AFTER.match(rest):
        return True
    if WRITTEN_BY.search(before):  # a book, unless it says how old its author is
        return proof is None or "(" not in proof[0]
    return READ.search(before) is not None


def _names(text: str) -> Iterator[Name]:
    """What could be a person's name, from runs of words with capitals."""
    run: list[re.Match[str]] = []
    for word in WORD.finditer(text):
        if run and (
            len(run) > LONGEST_RUN or text[run[-1].end() : word.start()] != " " or OWNED.search(run[-1][0])
        ):
            yield from _of_run(text, run)
            run = []
        if _may_be_a_name(word[0], run) or _is_small_name(word[0], run):
            run.append(word)
        elif run:
            yield from _of_run(text, run)
            run = []
    if run:
        yield from _of_run(text, run)


def _may_be_a_name(word: str, run: list[re.Match[str]]) -> bool:
    if run and word in PARTICLES:
        return True
    return word[0].isupper() and not any(c.isdigit() for c in word)


def _is_small_name(word: str, run: list[re.Match[str]]) -> bool:
    """jamie smith, as people type on a telephone."""
    if not word.islower():
        return False
    if run and run[-1][0].islower():
        return word in LAST
    return word in FIRST and word not in DOUBTFUL


def _of_run(text: str, run: list[re.Match[str]]) -> Iterator[Name]:
    words = [OWNED.sub("", each[0]).rstrip(".").casefold() for each in run]
    end = run[-1].end() - (2 if OWNED.search(run[-1][0]) else 0)
    at = next((i for i, word in enumerate(words) if word in FIRST), None)
    if set(words[: at if at is not None else None]) & TITLES or _is_a_figure(words):
        return
    if at is None:
        name = _perhaps(words, run, end)
        if name is not None:
            yield name
        return
    rest = words[at + 1 :]
    doubtful, small = words[at] in DOUBTFUL, run[at][0].islower()
    if not rest:
        if not doubtful and not small:
            yield Name(run[at].start(), end, Sure.FIRST)
        return
    if words[-1] in PARTICLES or len(rest) >= LONGEST or any(_is_no_surname(word, doubtful) for word in rest):
        return
    if not small or (len(rest) == 1 and rest[0] in LAST):
        yield Name(run[at].start(), end, Sure.WHOLE)


def _perhaps(words: list[str], run: list[re.Match[str]], end: int) -> Name | None:
    plain = len(words) in (2, 3) and not any(word in NO_NAMES or word in PLACES for word in words)
    if not plain or any(each[0].isupper() or len(each[0]) < 2 for each in run):
        return None
    return Name(run[0].start(), end, Sure.PERHAPS)


def _is_no_surname(word: str, doubtful: bool) -> bool:
    """A word of schools or places. Wood and Green are both: after a first name that is sure, they are surnames."""
    if word in LAST and not doubtful:
        return False
    return word in PLACES or (word in NO_NAMES and len(word) > 1)


def _is_a_figure(words: list[str]) -> bool:
    many = len(words)
    return any(
        " ".join(words[i:j]) in FIGURES for i in range(many) for j in range(i + 2, min(i + 5, many + 1))
    )
