"""The team's own marks of a study: three, each with its reason, beside the author's and never added up."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from forum.case_studies.forms import asking, facts_named
from forum.case_studies.models.scales import MARKS
from forum.case_studies.page import marks_of
from forum.case_studies.views import found_study, thread_url
from forum.core.guards import me, team_room

bp = team_room("case_studies_team", __name__)
NAMES = tuple(f"{mark.name}_{part}" for mark in MARKS for part in ("mark", "reason"))
MARKING = asking(facts_named(*NAMES))


@bp.route("/case-studies/<int:id>/marks", methods=["GET", "POST"])
def marks(id: int) -> ResponseReturnValue:
    study = found_study(id)
    given = {name: str(getattr(study, f"team_{name}") or "") for name in NAMES}
    stamp = study.team_marked_at.isoformat() if study.team_marked_at else ""
    form: Any = MARKING(data={**given, "since": stamp})
    if form.validate_on_submit():
        if form.since.data == stamp:
            study.mark(me(), form.said)
            flash("The team’s marks are on the case study.")
            return redirect(thread_url(study.thread))
        form.since.data = stamp
        form.form_errors.append(
            "A colleague has given marks since you opened this page. Look at them on the case study, then send yours"
        )
    page = render_template(
        "case_studies/marks.html",
        study=study,
        form=form,
        own=marks_of(study),
        address=thread_url(study.thread),
        form_errors=bool(form.errors),
    )
    return page, 422 if form.errors else 200
