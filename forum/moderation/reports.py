"""The reports that wait for the team, and what came of those that do not."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.core.db import db, first_or_404
from forum.core.errors import Conflict
from forum.core.guards import me
from forum.core.markup import extract
from forum.core.paging import id_asked
from forum.discussion.models.words import REASONS
from forum.moderation.forms import LONGEST_NOTE, CloseForm
from forum.moderation.models import Report
from forum.moderation.team import bp

REPORTS = 20


@bp.get("/reports")
def reports() -> str:
    closed = request.args.get("show") == "closed"
    if closed:
        last = id_asked("before")
        before = first_or_404(select(Report).where(Report.id == last)) if last else None
        query = Report.closed(before)
    else:
        query = Report.waiting(id_asked("after") or 0)
    found = list(db.session.scalars(query.limit(REPORTS + 1)))
    rows, more = found[:REPORTS], len(found) > REPORTS
    onwards: dict[str, str | int] = {}
    if more:
        onwards = {"show": "closed", "before": rows[-1].id} if closed else {"after": rows[-1].id}
    return render_template(
        "team/reports.html",
        reports=rows,
        counts=Report.count_of(rows),
        reasons=REASONS,
        extract=extract,
        closed=closed,
        onwards=onwards,
    )


@bp.get("/reports/<int:id>")
def report(id: int) -> ResponseReturnValue:
    return _report(_found_report(id), CloseForm())


@bp.post("/reports/<int:id>/close")
def close_report(id: int) -> ResponseReturnValue:
    report, form = _found_report(id), CloseForm()
    if not form.validate_on_submit():
        return _report(report, form, 422)
    try:
        report.close(by=me(), note=form.note.data)
    except Conflict as conflict:
        form.form_errors.append(str(conflict))
        return _report(_found_report(id), form, conflict.status)
    flash(f"Report {report.id} is closed.")
    return redirect(url_for(".reports"))


def _found_report(id: int) -> Report:
    return first_or_404(Report.whole().where(Report.id == id).execution_options(populate_existing=True))


def _report(report: Report, form: CloseForm, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "team/report.html",
        report=report,
        form=form,
        longest=LONGEST_NOTE,
        counts=Report.count_of([report]),
        reasons=REASONS,
        form_errors=bool(form.errors),
    ), status
