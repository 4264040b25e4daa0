"""Case studies as one reads them: what stands beside their threads, and every earlier version of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.case_studies.models import CaseStudy, StudyRevision
from forum.case_studies.models.facts import ASKED, Answers, Fact, words
from forum.case_studies.models.helped import every_resource
from forum.core import differences
from forum.core.db import db
from forum.core.freshness import fresh
from forum.core.guards import me, signed_in
from forum.discussion.models import Thread
from forum.discussion.models.catalogue import catalogue
from forum.discussion.models.lists import thread_version

bp = Blueprint("case_studies", __name__)
# How a name was shown is nobody's business afterwards.
PUBLIC = tuple(fact for fact in ASKED if fact.name != "disclosure")
AWAITS = "What you wrote is with the team, who look at it before it is public."


def found_study(id: int) -> CaseStudy:
    """The study beside thread `id`, with its thread, if this reader may see its words."""
    return CaseStudy.found(id, me()) or abort(404)


def thread_url(thread: Thread) -> str:
    return f"/threads/{thread.id}-{thread.slug}"


@bp.get("/case-studies/<int:id>/history")
@fresh(thread_version)
def history(id: int) -> ResponseReturnValue:
    """Every version of a study, and two of them compared field by field: `?from=` and `?to=`, counted from 1."""
    study = found_study(id)
    post = study.opening()
    versions = [(row.written_at, row.answers) for row in db.session.scalars(StudyRevision.of(study))]
    written = post.edited_at or post.published_at
    versions.append((written, study.answers(post)))
    newer = _chosen("to", len(versions), len(versions))
    older = _chosen("from", max(1, newer - 1), len(versions))
    return render_template(
        "case_studies/history.html",
        study=study,
        address=thread_url(study.thread),
        versions=versions,
        older=older,
        newer=newer,
        changes=compared(versions[older - 1][1], versions[newer - 1][1], PUBLIC),
    )


@bp.post("/case-studies/<int:id>/confirm")
@signed_in
def confirm(id: int) -> ResponseReturnValue:
    """Its author says that it is still true."""
    study = found_study(id)
    study.confirm(me())
    flash("Thank you. The case study now says that it was confirmed today.")
    return redirect(thread_url(study.thread))


def compared(before: Answers, after: Answers, facts: Iterable[Fact]) -> list[tuple[Fact, Any]]:
    """Those of `facts` in which two versions differ, each with the runs of its words."""
    found, work = [], differences.Work()
    for fact in facts:
        old, new = in_words(fact, before.get(fact.name)), in_words(fact, after.get(fact.name))
        if old != new:
            found.append((fact, differences.words(old, new, work)))
    return found


def in_words(fact: Fact, value: Any) -> str:
    """A fact as one reads it, with a line for each of many."""
    if not fact.many:
        return words(fact, value)
    return "\n".join(names_of(fact).get(slug, slug) for slug in value or [])


def names_of(fact: Fact) -> dict[str, str]:
    """What the slugs of a fact with many values stand for."""
    rows: Any = catalogue().components if fact.name == "components" else every_resource()
    return {row.slug: row.name for row in rows}


def wants_json() -> bool:
    """Asked by the page's script, which saves while one types."""
    return request.accept_mimetypes.best == "application/json"


def _chosen(name: str, default: int, last: int) -> int:
    asked = request.args.get(name, default, type=int) or default
    return min(max(1, asked), last)
