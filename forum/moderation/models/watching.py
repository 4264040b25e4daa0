"""Finding what the team watches for in a text, in time that is bounded by the text, however many terms there are."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import ahocorasick
import re2

from forum.core.folding import folded, places
from forum.discussion.models.gate import Act

LARGEST = (
    1_000  # instructions of a pattern, as RE2 counts them: a text costs that much for each character at worst
)
ATOM = 3  # letters in a row that a pattern must have to be looked for only where they are
MOST_FOUND = 20
EVERY = (Act.REFUSE, Act.HOLD, Act.NUDGE)  # the worst first

_LINK = re.compile(r"(?<!\w)(?:\w[\w-]{0,62}\.){1,10}[a-z][a-z0-9-]{1,62}(?![\w-])")
_NAME_BEFORE = re.compile(r"\w[\w-]*$")
_DISGUISED = re.compile(r"[&%\\]")
_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20


class Kind(StrEnum):
    WORDS = "words"
    PATTERN = "pattern"
    HOST = "host"


class BadTerm(ValueError):
    """A term that cannot be watched for; the message says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Some terms of one kind, with what becomes of what has them; `id` tells them from others."""

    id: int
    kind: str
    terms: tuple[str, ...]
    act: Act


@dataclass(frozen=True, slots=True)
class Hit:
    """Terms `id` were found from `start` to `end`; both are 0 where a link is written in disguise."""

    id: int
    act: Act
    start: int
    end: int
    words: str
    link: bool = False


class Watch:
    """Terms made ready, once for each version of the list; texts are then looked through by all of them at once. Words
    and hosts cost one pass whatever their number (Aho–Corasick), and a pattern is tried only where the letters are
    that it must have; RE2 tries it, which never goes back in the text."""

    def __init__(self, every: Iterable[Terms] = ()) -> None:
        self._owners: list[Terms] = []
        self._hosts: dict[str, Terms] = {}
        self._patterns: list[tuple[re2._Regexp, Terms]] = []
        self._always: list[int] = []
        keys: dict[str, tuple[list[Terms], list[int]]] = {}
        for owner in sorted(every, key=lambda each: EVERY.index(each.act)):
            for term in owner.terms:
                self._take(owner, term, keys)
        self._words = ahocorasick.Automaton()
        for key, value in keys.items():
            self._words.add_word(key, (len(key), *value))
        self._words.make_automaton()

    def _take(self, owner: Terms, term: str, keys: dict[str, tuple[list[Terms], list[int]]]) -> None:
        if owner.kind == Kind.HOST:
            self._hosts.setdefault(folded(term), owner)
        elif owner.kind == Kind.WORDS:
            keys.setdefault(folded(term).strip(), ([], []))[0].append(owner)
        else:
            number = len(self._patterns)
            self._patterns.append((compiled(term), owner))
            atoms = _atoms(_plain(term))
            for atom in atoms:
                keys.setdefault(atom, ([], []))[1].append(number)
            if not atoms:
                self._always.append(number)

    def find(self, text: str) -> list[Hit]:
        """What `text` has, the worst first; at most MOST_FOUND, the first of each term."""
        if not self._words and not self._hosts and not self._patterns:
            return []
        plain = folded(text)
        found = list(self._found(text, plain))
        if not found:
            return []
        where = places(text)
        hits = [
            Hit(
                owner.id,
                owner.act,
                where[start],
                where[end - 1] + 1 if end else 0,
                text[where[start] : where[end - 1] + 1] if end else words,
                owner.kind == Kind.HOST,
            )
            for owner, start, end, words in found
        ]
        return sorted(hits, key=lambda hit: (EVERY.index(hit.act), hit.start))[:MOST_FOUND]

    def _found(self, text: str, plain: str) -> Iterator[tuple[Terms, int, int, str]]:
        seen: set[tuple[int, str]] = set()
        candidates = set(self._always)
        for last, (length, owners, patterns) in self._words.iter(plain) if self._words else ():
            candidates.update(patterns)
            start, end = last - length + 1, last + 1
            if owners and _is_whole(plain, start, end):
                for owner in owners:
                    if (owner.id, plain[start:end]) not in seen:
                        seen.add((owner.id, plain[start:end]))
                        yield owner, start, end, plain[start:end]
        count = 0
        for number in sorted(candidates):
            pattern, owner = self._patterns[number]
            match = pattern.search(plain)
            if match is not None and match.end(1) > match.start(1):
                yield owner, match.start(1), match.end(1), match.group(1)
                count += 1
            if count == MOST_FOUND:
                break
        if self._hosts:
            yield from self._links(text, plain)

    def _links(self, text: str, plain: str) -> Iterator[tuple[Terms, int, int, str]]:
        """Hosts, and those below them. Entities, escapes and percent signs are read as a browser would."""
        for link in _links_in(plain):
            owner = self._of_host(link[0])
            if owner is not None:
                yield owner, link.start(), link.end(), link[0]
        if _DISGUISED.search(text):
            bare = folded(unquote(html.unescape(text)).replace("\\", ""))
            for link in _links_in(bare):
                owner = self._of_host(link[0])
                if owner is not None and link[0] not in plain:
                    yield owner, 0, 0, link[0]

    def _of_host(self, host: str) -> Terms | None:
        labels = host.split(".")
        names = (".".join(labels[n:]) for n in range(len(labels) - 1))
        return next((self._hosts[name] for name in names if name in self._hosts), None)


def _links_in(text: str) -> Iterator[re.Match[str]]:
    """Names of hosts. They are looked for around full stops alone, which are few."""
    at = text.find(".")
    past = 0
    while at >= 0:
        name = _NAME_BEFORE.search(text[max(past, at - 64) : at])
        link = _LINK.match(text, at - len(name[0])) if name is not None else None
        if link is not None:
            yield link
        past = link.end() if link is not None else at + 1
        at = text.find(".", past)


def compiled(term: str) -> re2._Regexp:
    """A pattern that finds `term` as whole words of a folded text."""
    made: re2._Regexp = re2.compile(rf"(?:^|[^0-9a-z])({_plain(term)})(?:$|[^0-9a-z])", _OPTIONS)
    return made


def checked(kind: str, term: str) -> str:
    """`term` as it is kept. Raises BadTerm where it cannot be watched for."""
    if kind == Kind.PATTERN:
        return _checked_pattern(term)
    if kind == Kind.HOST:
        host = re.sub(r"^(?:[a-z]+:)?//", "", folded(term)).partition("/")[0].partition(":")[0].strip(". ")
        host = host.removeprefix("www.")
        if not _LINK.fullmatch(host):
            raise BadTerm(f"“{term[:80]}” is not the name of a host, such as example.com")
        return host
    if not any(c.isalnum() for c in folded(term)):
        raise BadTerm(f"“{term[:80]}” has no letter or digit that could be found")
    return " ".join(term.split())


def _checked_pattern(term: str) -> str:
    try:
        alone = re2.compile(_plain(term), _OPTIONS)
        whole = compiled(term)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadTerm(f"“{term[:80]}” is not a pattern that can be used: {said}") from error
    if whole.programsize > LARGEST:
        raise BadTerm(f"“{term[:80]}” is too large a pattern: write fewer or smaller repetitions")
    if alone.fullmatch("") is not None:
        raise BadTerm(f"“{term[:80]}” would find nothing at all, everywhere")
    return term


def _is_whole(text: str, start: int, end: int) -> bool:
    """No letter or digit goes on before or after."""
    begins = start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    return begins and (end == len(text) or not (text[end].isalnum() and text[end - 1].isalnum()))


def _plain(pattern: str) -> str:
    """A pattern for folded text: its accents are gone as the text's are; its signs and classes stay."""
    return pattern if pattern.isascii() else "".join(c if c.isascii() else folded(c) for c in pattern)


def _atoms(pattern: str) -> list[str]:
    """Letters in a row of which one must be in whatever `pattern` finds; none where that is not sure."""
    if "(?" in pattern and not re.fullmatch(r"(?:[^(]|\((?!\?)|\(\?:)*", pattern):
        return []
    runs, depth, at = [""], 0, 0
    while at < len(pattern):
        sign = pattern[at]
        at += 1
        if sign == "|" and not depth:
            return []
        if sign == "[":
            at = _after_class(pattern, at)
        elif sign == "\\":
            at = _after_escape(pattern, at)
        depth += (sign == "(") - (sign == ")")
        follows = pattern[at : at + 1]
        if not depth and (sign.isalnum() or sign == " ") and follows not in ("*", "?", "{"):
            runs[-1] += sign.lower()
        else:
            runs.append("")
        if not depth and sign.isalnum() and follows == "+":
            runs.append("")
    longest = max((run.strip() for run in runs), key=len)
    return [longest] if len(longest) >= ATOM else []


def _after_class(pattern: str, at: int) -> int:
    """Past the end of [a-z]; a bracket first in it, or behind a backslash, is a letter of it."""
    at += pattern[at : at + 1] == "^"
    at += pattern[at : at + 1] == "]"
    while at < len(pattern) and pattern[at] != "]":
        if pattern.startswith("[:", at):
            at = max(at + 1, pattern.find(":]", at) + 1)
        at += 2 if pattern[at : at + 1] == "\\" else 1
    return at + 1


def _after_escape(pattern: str, at: int) -> int:
    """Past what a backslash begins."""
    if pattern.startswith("Q", at):
        return len(pattern)
    if pattern[at : at + 1] in ("p", "P", "x") and pattern.startswith("{", at + 1):
        return max(at + 2, pattern.find("}", at) + 1)
    found = re.compile(r"[pP].|x[0-9A-Fa-f]{2}|[0-7]{1,3}|.", re.DOTALL).match(pattern, at)
    return found.end() if found else at
