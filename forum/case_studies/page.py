"""What stands beside the thread of a case study: its facts, its marks, where it was tried, what it grew from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup
from sqlalchemy import and_, select, union_all

from forum.case_studies.models import CaseStudy, Trial
from forum.case_studies.models.bundles import Bundle
from forum.case_studies.models.facts import FACT, school_and_about, words
from forum.case_studies.models.files import StudyFile
from forum.case_studies.models.helped import Resource, resources_of
from forum.case_studies.models.scales import LICENCE_TEXTS, MARKS
from forum.case_studies.spread import SHOWN, Setback, Spread, setbacks_of, spread_of
from forum.core.db import db, now
from forum.discussion.beside import Beside, Room, furnish
from forum.discussion.models import Post, Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.words import Kind, Publication, gone_because

MANY = 50
A_WHILE = timedelta(days=30)  # after this its author is offered to say that it is still true


@dataclass(frozen=True, slots=True)
class Kin:
    """Another study, as a link. Who wrote it is said there, where it follows how they wish to be shown."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class MarkShown:
    """One mark on a scale of 1 to `steps`: the author's, and the team's or 0; each in words with its reason."""

    label: str
    steps: int
    step: int
    mark: str
    reason: str
    team_step: int
    team_mark: str
    team_reason: str


@dataclass(frozen=True, slots=True)
class StudyPage:
    """A study as its page shows it, at one version of its thread. It `waits` until the team has looked; `contact` is
    the team's address."""

    study: CaseStudy
    author: int
    is_shown: bool
    waits: bool
    facts: list[tuple[str, str]]
    marks: list[MarkShown]
    resources: list[Resource]
    licence_text: str
    parent: Kin | None
    children: list[Kin]
    spread: Spread
    setbacks: list[Setback]
    tried_by: frozenset[int]
    contact: str
    files: list[StudyFile]

    def mine(self, viewer: Any) -> Hashable:
        """What is a reader's own: that they wrote it, that they may say it is still true, that they tried it."""
        if not viewer.is_signed_in:
            return None
        wrote = viewer.id == self.author
        aged = self.study.renewal_asked_at is not None or now() - self.study.confirmed_at > A_WHILE
        return Mine(wrote, wrote and aged and self.is_shown, viewer.id in self.tried_by)


@dataclass(frozen=True, slots=True)
class Mine:
    wrote: bool
    may_confirm: bool
    tried: bool


def beside(thread: Thread) -> Beside | None:
    query = (
        select(CaseStudy, Post.publication, Post.moderation, Post.gone_reason, Post.author_id)
        .join(Post, and_(Post.thread_id == CaseStudy.thread_id, Post.number == 1))
        .where(CaseStudy.thread_id == thread.id)
    )
    row = db.session.execute(query).first()
    if row is None:
        return None
    study, publication, moderation, reason, author = row
    is_shown, waits = gone_because(publication, moderation, reason) is None, publication == Publication.HELD
    page = _page(study, author, is_shown, waits)
    return Beside("case_studies/beside.html", page, _story(page) if page.is_shown else None, page.mine)


def _story(page: StudyPage) -> Markup:
    """What it tells, then the pictures and papers that everyone may see."""
    macros: Any = current_app.jinja_env.get_template("components/files.html").module
    story: Markup = page.study.story + macros.enclosed([file for file in page.files if file.is_shown])
    return story


def edits(post: Post) -> str | None:
    if post.number == 1:
        return f"/case-studies/{post.thread_id}/edit"
    tried = select(Trial.id).where(Trial.post_id == post.id)
    return f"/case-studies/{post.thread_id}/tried" if db.session.scalar(tried) else None


def _page(study: CaseStudy, author: int, is_shown: bool, waits: bool) -> StudyPage:
    parent, children = _kin(study)
    trials = db.session.execute(SHOWN.where(Trial.thread_id == study.thread_id)).all()
    return StudyPage(
        study,
        author,
        is_shown,
        waits,
        _facts(study),
        marks_of(study),
        resources_of(study.thread_id),
        LICENCE_TEXTS.get(study.licence, ""),
        parent,
        children,
        spread_of(trials, study.school.casefold()),
        setbacks_of(study) if trials else [],
        frozenset(row.author_id for row in trials),
        catalogue().contact,
        Bundle(thread_id=study.thread_id).all(),
    )


def _facts(study: CaseStudy) -> list[tuple[str, str]]:
    """The lines of the summary list that are one fact each; blank where it was not provided."""
    time, cost = (
        [words(FACT[f"{name}_band"], getattr(study, f"{name}_band")), getattr(study, f"{name}_words")]
        for name in ("time", "cost")
    )
    name, about = school_and_about(study.setting)
    return [
        ("School", f"{name}\n{about[:1].upper()}{about[1:]}"),
        (FACT["pupils"].label, study.pupils),
        (FACT["time_band"].label, "\n".join(filter(None, time))),
        (FACT["cost_band"].label, "\n".join(filter(None, cost))),
    ]


def marks_of(study: CaseStudy) -> list[MarkShown]:
    return [
        MarkShown(
            mark.label,
            len(mark.scale),
            *(own := getattr(study, f"{mark.name}_mark"), mark.scale[own]),
            getattr(study, f"{mark.name}_reason"),
            *(team := getattr(study, f"team_{mark.name}_mark") or 0, mark.scale.get(team, "")),
            getattr(study, f"team_{mark.name}_reason"),
        )
        for mark in MARKS
    ]


def _kin(study: CaseStudy) -> tuple[Kin | None, list[Kin]]:
    """The study that it grew from, and those that grew from it; only what is shown."""
    parent = KIN.where(CaseStudy.thread_id == (study.adapted_from or 0))
    children = KIN.where(CaseStudy.adapted_from == study.thread_id).limit(MANY)
    rows = db.session.execute(union_all(parent, select(children.subquery()))).all()
    found = {row.id: _as_kin(row) for row in rows}
    return found.pop(study.adapted_from or 0, None), list(found.values())


KIN = (
    select(Thread.id, Thread.title, Thread.slug)
    .join(CaseStudy, CaseStudy.thread_id == Thread.id)
    .where(CaseStudy.listed)
)


def _as_kin(row: Any) -> Kin:
    return Kin(row.title, f"/threads/{row.id}-{row.slug}")


def init_app(app: Flask) -> None:
    furnish(app, Kind.CASE_STUDY, Room(beside, edits))
