"""The team looks at what people add to their case studies before anyone else may see it."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.case_studies.file_forms import LONGEST_NOTE, LookForm, RefuseForm
from forum.case_studies.models.files import STATEMENTS, State, StudyFile
from forum.core.db import db, first_or_404
from forum.core.errors import Conflict
from forum.core.guards import me, team_room
from forum.core.paging import id_asked

FILES = 10

bp = team_room("pictures_team", __name__)


@bp.get("/pictures")
def pictures() -> str:
    """What waits, oldest first; with `?show=shown` or `refused`, what does not."""
    state = request.args.get("show", State.WAITING)
    if state not in set(State):
        abort(404)
    if state == State.WAITING:
        query = StudyFile.waiting(id_asked("after") or 0)
    else:
        last = id_asked("before")
        before = first_or_404(select(StudyFile).where(StudyFile.id == last)) if last else None
        query = StudyFile.looked_at_already(State(state), before)
    found = list(db.session.scalars(query.limit(FILES + 1)))
    files, onwards = found[:FILES], {}
    if len(found) > FILES:
        onwards = {"after" if state == State.WAITING else "before": files[-1].id, "show": state}
    return render_template(
        "team/pictures.html",
        files=files,
        state=state,
        onwards=onwards,
        statements=STATEMENTS,
    )


@bp.get("/pictures/<int:id>")
def picture(id: int) -> ResponseReturnValue:
    file = _file(id)
    return _page(file, RefuseForm(formdata=None, seen=file.hash))


@bp.post("/pictures/<int:id>/show")
def show(id: int) -> ResponseReturnValue:
    file, form = _file(id), LookForm()
    if not form.validate_on_submit():
        return _page(file, RefuseForm(formdata=None, seen=file.hash), form, 422)
    try:
        file.show(by=me(), seen=form.seen.data or "")
    except Conflict as conflict:
        return _conflict(id, conflict)
    return _done(file, "Everyone can see it now.")


@bp.post("/pictures/<int:id>/refuse")
def refuse(id: int) -> ResponseReturnValue:
    file, form = _file(id), RefuseForm()
    if not form.validate_on_submit():
        return _page(file, form, form, 422)
    try:
        file.refuse(by=me(), seen=form.seen.data or "", reason=form.reason.data, note=form.note.data)
    except Conflict as conflict:
        return _conflict(id, conflict)
    return _done(file, "It is not shown, and its author is told why.")


def _file(id: int) -> StudyFile:
    return first_or_404(StudyFile.whole().where(StudyFile.id == id))


def _page(
    file: StudyFile, form: RefuseForm, failed: LookForm | None = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "team/picture.html",
        file=file,
        form=form,
        failed=failed,
        statements=STATEMENTS,
        longest=LONGEST_NOTE,
        form_errors=bool(failed),
    )
    return page, status


def _conflict(id: int, conflict: Conflict) -> ResponseReturnValue:
    """What is there now, with what was typed; sending again then speaks of that."""
    db.session.rollback()
    file, form = _file(id), RefuseForm()
    form.seen.data = file.hash
    form.form_errors = [str(conflict)]
    return _page(file, form, form, conflict.status)


def _done(file: StudyFile, said: str) -> ResponseReturnValue:
    flash(f"“{file.title}”: {said}")
    return redirect(url_for(".pictures"))
