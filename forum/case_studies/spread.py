"""What came of a study in other schools: how it spreads over outcomes and phases, and where it failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from forum.accounts.models import PHASES
from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models.facts import school_of
from forum.case_studies.models.scales import OUTCOMES_IN_SHORT, Outcome
from forum.core.db import db
from forum.discussion.models import Post

SETBACKS = (Outcome.NOT, Outcome.PARTLY)
MANY = 10  # of each


@dataclass(frozen=True, slots=True)
class Spread:
    """What came of it in `schools` other schools, and, where it is the `same`, with colleagues: how many of each
    outcome, and the same for each phase."""

    reports: int
    schools: int
    same: bool
    outcomes: list[tuple[str, int]]
    phases: list[tuple[str, list[int]]]


@dataclass(frozen=True, slots=True)
class Setback:
    """Where it did not work, or not all of it."""

    url: str
    byline: str
    school: str
    outcome: str
    changed: str
    saw: str


SHOWN = (
    select(Trial.author_id, Trial.outcome, Trial.phase, Trial.school, Trial.id)
    .join(Trial.post)
    .where(Trial.is_shown())
)


def spread_of(trials: Any, own: str) -> Spread:
    """Two reports that name the same school are of one school; one without a name is of a school of its own. `own`
    is the study's."""
    counts = Counter(row.outcome for row in trials)
    by_phase = Counter((row.phase, row.outcome) for row in trials)
    phases = {row.phase for row in trials}
    schools = {row.school.casefold() or row.id for row in trials}
    return Spread(
        len(trials),
        len(schools - {own}),
        bool(own) and own in schools,
        [(OUTCOMES_IN_SHORT[outcome], counts[outcome]) for outcome in Outcome],
        [
            (label, [by_phase[phase, outcome] for outcome in Outcome])
            for phase, label in PHASES.items()
            if phase in phases
        ],
    )


def setbacks_of(study: CaseStudy) -> list[Setback]:
    loads = contains_eager(Trial.post).joinedload(Post.author)
    found: list[Setback] = []
    for outcome in SETBACKS:
        query = Trial.shown(study.thread_id).where(Trial.outcome == outcome).order_by(Trial.id.desc())
        for trial in db.session.scalars(query.limit(MANY).options(loads)):
            found.append(
                Setback(
                    f"/posts/{trial.post_id}",
                    trial.post.author.byline(trial.post.disclosure),
                    school_of(trial.setting),
                    OUTCOMES_IN_SHORT[outcome],
                    trial.changed,
                    trial.saw,
                )
            )
    return found
