"""Case studies as a list shows them: rows selected for these ids, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from forum.accounts.models import User, byline
from forum.case_studies.models.facts import FACT, words
from forum.case_studies.models.scales import MARKS, OUTCOMES_IN_SHORT, Outcome
from forum.case_studies.models.studies import CaseStudy
from forum.core.db import db
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue

CHUNK = 500  # ids in one statement


@dataclass(slots=True)
class MarkRow:
    """One of the three marks: the author's step on its scale, and the team's where it gave one."""

    label: str
    step: int
    steps: int
    words: str
    team_step: int | None
    team_words: str


@dataclass(slots=True)
class StudyRow:
    """A study as a list shows it. What was not provided is empty; `tried` counts each outcome, in its words."""

    id: int
    title: str
    url: str
    byline: str
    author_url: str | None
    published_at: datetime
    confirmed_at: datetime
    needs_renewal: bool
    phase: str
    school: str
    school_type: str
    school_size: str
    region: str
    components: list[str]
    time_band: str
    cost_band: str
    marks: list[MarkRow]
    tried_count: int
    tried: list[tuple[str, int]]
    quote: bool
    licence: str
    contact: bool


OPENING = aliased(Post, name="opening")
SHOWN = (
    select(
        CaseStudy.thread_id,
        CaseStudy.component_bits,
        CaseStudy.confirmed_at,
        CaseStudy.renewal_asked_at,
        CaseStudy.phase.label("of_phase"),
        CaseStudy.school.label("of_school"),
        CaseStudy.school_type,
        CaseStudy.school_size,
        CaseStudy.region,
        CaseStudy.time_band,
        CaseStudy.cost_band,
        *(getattr(CaseStudy, f"{who}{mark.name}_mark") for who in ("", "team_") for mark in MARKS),
        CaseStudy.tried_count,
        *(getattr(CaseStudy, f"tried_{outcome}") for outcome in Outcome),
        CaseStudy.quote,
        CaseStudy.licence,
        CaseStudy.contact,
        Thread.title,
        Thread.slug,
        Thread.created_at,
        Thread.author_id,
        OPENING.disclosure,
        User.name,
        User.position,
        User.phase,
        User.school,
        User.role,
    )
    .select_from(CaseStudy)
    .join(Thread, Thread.id == CaseStudy.thread_id)
    .join(OPENING, and_(OPENING.thread_id == Thread.id, OPENING.number == 1))
    .join(User, User.id == Thread.author_id)
    .where(CaseStudy.listed, CaseStudy.thread_id.in_(bindparam("ids", expanding=True)))
)
SETTING = ("school_type", "school_size", "region", "time_band", "cost_band")


def study_rows(ids: list[int]) -> list[StudyRow]:
    """Rows for these studies, in this order. One that is not shown is left out, whoever asked for it."""
    found: dict[int, StudyRow] = {}
    for start in range(0, len(ids), CHUNK):
        for row in db.session.connection().execute(SHOWN, {"ids": ids[start : start + CHUNK]}):
            found[row.thread_id] = _row(row)
    return [found[id] for id in ids if id in found]


def _row(row: Any) -> StudyRow:
    disclosure = row.disclosure
    return StudyRow(
        id=row.thread_id,
        title=row.title,
        url=f"/threads/{row.thread_id}-{row.slug}",
        byline=byline(row.name, row.position, row.phase, row.school, row.role, disclosure),
        author_url=None if disclosure == "role-only" else f"/people/{row.author_id}",
        published_at=row.created_at,
        confirmed_at=row.confirmed_at,
        needs_renewal=row.renewal_asked_at is not None,
        phase=words(FACT["phase"], row.of_phase),
        school=row.of_school,
        components=[each.name for each in catalogue().components if row.component_bits >> each.id & 1],
        marks=[_mark(mark, row) for mark in MARKS],
        tried_count=row.tried_count,
        tried=[(OUTCOMES_IN_SHORT[outcome], getattr(row, f"tried_{outcome}")) for outcome in Outcome],
        quote=row.quote,
        licence=row.licence,
        contact=row.contact,
        **{name: words(FACT[name], getattr(row, name)) for name in SETTING},
    )


def _mark(mark: Any, row: Any) -> MarkRow:
    step, team = getattr(row, f"{mark.name}_mark"), getattr(row, f"team_{mark.name}_mark")
    return MarkRow(mark.label, step, len(mark.scale), mark.scale[step], team, mark.scale.get(team or 0, ""))
