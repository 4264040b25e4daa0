"""How good the detector of what identifies people is: on examples that were judged by hand, and on real talk."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forum.core import identifying


class BadExamples(ValueError):
    """The file is not one of examples; the message says why."""


@dataclass(slots=True)
class Score:
    """Of one kind: how many were found rightly, found wrongly, and missed."""

    name: str
    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that should be; 1 where nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of what should be found that was."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


@dataclass(slots=True)
class Half:
    """Examples of one half: `scores` by kind, and those that were judged otherwise."""

    name: str
    examples: int
    scores: dict[str, Score] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def whole(self) -> Score:
        each = self.scores.values()
        return Score(
            "all", sum(s.right for s in each), sum(s.wrong for s in each), sum(s.missed for s in each)
        )


def judged(file: Path) -> list[Half]:
    """What is found in the examples of a TOML file: tables of text = "kinds". Raises BadExamples."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadExamples(f"{file} is not TOML: {error}") from error
    if not tables or not all(isinstance(table, dict) for table in tables.values()):
        raise BadExamples(f'{file} has no tables of text = "kinds".')
    return [_judged(name, table) for name, table in tables.items()]


def _judged(name: str, examples: dict[str, str]) -> Half:
    half = Half(name, len(examples))
    for text, kinds in examples.items():
        wanted = set(str(kinds).split())
        if unknown := wanted - identifying.KINDS.keys():
            raise BadExamples(f"There is no kind {', '.join(sorted(unknown))} ({text}).")
        found = {each.kind for each in identifying.find(text)}
        for kind in wanted | found:
            score = half.scores.setdefault(kind, Score(kind))
            score.right += kind in wanted & found
            score.wrong += kind in found - wanted
            score.missed += kind in wanted - found
        if wanted != found:
            half.faults.append(f"{text}  wanted {_said(wanted)}, found {_said(found)}")
    return half


@dataclass(slots=True)
class Share:
    """Of `posts` that were looked at, `held` would wait; `kinds` says what for."""

    posts: int = 0
    held: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def percent(self) -> float:
        return 100 * self.held / self.posts if self.posts else 0.0


def share_of(texts: Iterable[str]) -> Share:
    share = Share()
    for text in texts:
        kinds = {each.kind for each in identifying.find(text)}
        share.posts += 1
        share.held += bool(kinds)
        share.kinds.update(kinds)
    return share


def posts_in(file: Path) -> Iterator[str]:
    """What each post of a file says: one JSON object a line, with subject and body. Raises BadExamples."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                said = json.loads(line)
                yield f"{said.get('subject') or ''}\n\n{said.get('body') or ''}"
            except (json.JSONDecodeError, AttributeError) as error:
                raise BadExamples(f"Line {number} of {file} is not a post.") from error


def _said(kinds: set[str]) -> str:
    return ", ".join(sorted(kinds)) or "nothing"
