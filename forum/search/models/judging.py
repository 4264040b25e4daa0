"""How good the search is: questions, the threads that should answer them, and what is found."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from forum.search.models.query import Query
from forum.search.models.searching import search

LOOKED_AT = 10


class BadJudgement(ValueError):
    """The file cannot be read as questions; the message says why."""


@dataclass(frozen=True)
class Question:
    """What is asked, of which kind the question is, and the titles that should be found."""

    q: str
    kind: str
    titles: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> list[Question]:
        """The questions in `file`. Raises BadJudgement."""
        try:
            rows = tomllib.loads(file.read_text("utf-8"))["question"]
            return [cls(row["q"], row["kind"], tuple(row["find"])) for row in rows]
        except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
            raise BadJudgement(f"{file.name} is not a file of questions: {error!r}.") from error


@dataclass(frozen=True)
class Answer:
    """What was found: the titles, best first."""

    question: Question
    found: tuple[str, ...]

    @classmethod
    def to(cls, question: Question) -> Answer:
        hits = search(Query.from_args({"q": question.q}), limit=LOOKED_AT).hits
        return cls(question, tuple(hit.plain_title for hit in hits[:LOOKED_AT]))

    @property
    def reciprocal_rank(self) -> float:
        """One over the place of the first thread that should be found; 0 where none was."""
        places = (place for place, title in enumerate(self.found, 1) if title in self.question.titles)
        return 1 / next(places, float("inf"))

    @property
    def recall(self) -> float:
        """The share of the threads that should be found that are among the first ten."""
        return len(set(self.found) & set(self.question.titles)) / len(self.question.titles)


@dataclass(frozen=True)
class Score:
    """Mean reciprocal rank and recall at ten, of `many` questions."""

    name: str
    many: int
    rank: float
    recall: float

    @classmethod
    def of(cls, name: str, answers: Sequence[Answer]) -> Score:
        ranks, recalls = (
            mean(getattr(each, what) for each in answers) for what in ("reciprocal_rank", "recall")
        )
        return cls(name, len(answers), ranks, recalls)


def judged(questions: Sequence[Question]) -> tuple[list[Score], list[Answer]]:
    """The score of all, then of each kind; and the answers that are not perfect."""
    answers = [Answer.to(question) for question in questions]
    kinds = dict.fromkeys(question.kind for question in questions)
    scores = [Score.of("all", answers)]
    scores += [Score.of(kind, [each for each in answers if each.question.kind == kind]) for kind in kinds]
    return scores, [each for each in answers if each.reciprocal_rank < 1 or each.recall < 1]
