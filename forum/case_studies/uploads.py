"""The step of a case study in which pictures and papers are added: several at once or one by one, each described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from forum.case_studies.drafts import Writing
from forum.case_studies.file_forms import ACCEPTED, FilesForm, asking_about
from forum.case_studies.models.bundles import MOST, TOO_MANY, Bundle, Kept, NotAdded, cleaned_name, keep
from forum.case_studies.models.files import LONGEST_ALT, STATEMENTS, StudyFile
from forum.case_studies.steps import STEPS, Step, step_after, step_with
from forum.case_studies.writing import changes_of, new_one
from forum.core.characters import whole_number
from forum.core.db import db
from forum.core.errors import Conflict
from forum.core.guards import me, signed_in
from forum.core.intake import LARGEST, Unfit
from forum.core.limits import limiter, person

MEGABYTE = 1024 * 1024
AT_ONCE = 64 * MEGABYTE  # of one request: five of the largest, and room to say which one is larger
UPLOADS = "60 per 10 minutes"
UNCONFIRMED = "Confirm your email address before you add files"
CHOOSE = "Choose a file to add"
SLUG = "files"

bp = Blueprint("study_files", __name__)


@bp.url_value_preprocessor
def _take_more(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Before anything reads the form: here it may be larger than elsewhere."""
    request.max_content_length = AT_ONCE


@bp.route(f"/case-studies/drafts/<int:id>/{SLUG}", methods=["GET", "POST"])
@limiter.limit(UPLOADS, methods=["POST"], key_func=person)
@signed_in
def of_draft(id: int) -> ResponseReturnValue:
    return _step(lambda: new_one(id))


@bp.route(f"/case-studies/<int:id>/edit/{SLUG}", methods=["GET", "POST"])
@limiter.limit(UPLOADS, methods=["POST"], key_func=person)
@signed_in
def of_study(id: int) -> ResponseReturnValue:
    return _step(lambda: changes_of(id))


@dataclass
class Arrival:
    """The files of one request: those whose bytes are down, and what was wrong with the others."""

    kept: list[tuple[int | None, str, Kept]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    added: int = 0

    @classmethod
    def of(cls, sent: list[tuple[int | None, Any]]) -> Arrival:
        arrival = cls()
        for count, (instead, file) in enumerate(sent, 1):
            name = cleaned_name(file.filename)
            try:
                if count > MOST:
                    raise Unfit(TOO_MANY)
                arrival.kept.append((instead, name, keep(file.stream.read(LARGEST + 1))))
            except Unfit as unfit:
                arrival.problems.append(f"{name} {unfit}")
        return arrival

    def into(self, bundle: Bundle) -> None:
        for instead, name, kept in self.kept:
            try:
                if instead is None:
                    bundle.add(me(), kept, name)
                else:
                    bundle.replace(me(), instead, kept, name)
                self.added += 1
            except (NotAdded, Conflict) as refusal:
                self.problems.append(f"{name} {refusal}")


def _step(find: Callable[[], Writing]) -> ResponseReturnValue:
    writing = find()
    bundle = Bundle.of(writing.draft, writing.study)
    have = bundle.all()
    if request.method == "GET":
        return _page(writing, asking_about(have)(formdata=None, data=_kept(have)))
    form = asking_about(have)()
    form.validate_on_submit()
    if form.sent and not me().may_post:
        form.files.errors = (UNCONFIRMED,)
        return _page(writing, form, 422)
    sent, words = form.sent, form.words
    db.session.rollback()  # the files take seconds: nobody waits for a lock meanwhile
    arrival = Arrival.of(sent)
    writing = find()
    bundle = Bundle.of(writing.draft, writing.study)
    bundle.describe(me(), words)
    arrival.into(bundle)
    return _done(writing, bundle, form, arrival)


def _done(writing: Writing, bundle: Bundle, form: FilesForm, arrival: Arrival) -> ResponseReturnValue:
    """What came is in: do what the button says, then go on, or show the form with what is left."""
    act, _, number = request.form.get("do", "").partition("-")
    if form.said_of_pupils:
        bundle.declare(me(), form.said_of_pupils)
    place = ""
    if not form.errors and (id := whole_number(number)) is not None:
        place = _arranged(bundle, act, id)
    again = _carried(form, bundle.all())
    again.files.errors = tuple(arrival.problems)
    if act == "save":
        again.ask_for_the_rest()
    elif act == "add" and not arrival.added and not arrival.problems:
        again.files.errors = (CHOOSE,)
    if again.errors:
        return _page(writing, again, 200 if arrival.added else 422)
    if act == "save":
        return redirect(_onwards(writing))
    query = "?then=check" if request.args.get("then") == "check" else ""
    return redirect(writing.url(SLUG) + query + (place or "#have"))


def _arranged(bundle: Bundle, act: str, id: int) -> str:
    """Do what a button beside a file says; where on the page the person was."""
    if act == "remove":
        flash(f"“{bundle.remove(me(), id).title}” has been removed.")
    elif act in ("up", "down"):
        bundle.move(me(), id, up=act == "up")
        return f"#file-{id}"
    return ""


def _carried(form: FilesForm, have: list[StudyFile]) -> FilesForm:
    """The form about what is there now, with what was typed of each in it, and what was wrong with that."""
    typed = {
        name: each.data for name, each in form._fields.items() if name.startswith(("alt_", "decorative_"))
    }
    kept = {**_kept(have), **typed, "statement": form.statement.data}
    again = asking_about(have)(formdata=None, data=kept)
    for name in typed:
        if name in again:
            again[name].errors = list(form[name].errors)
    return again


def _kept(have: list[StudyFile]) -> dict[str, Any]:
    alts = {f"alt_{file.id}": file.alt for file in have}
    return alts | {f"decorative_{file.id}": file.decorative for file in have}


def _page(writing: Writing, form: FilesForm, status: int = 200) -> ResponseReturnValue:
    step = the_step()
    page = render_template(
        "case_studies/files.html",
        writing=writing,
        step=step,
        place=STEPS.index(step),
        steps=STEPS,
        form=form,
        files=form.have,
        room=MOST - len(form.have),
        most=MOST,
        largest=LARGEST // MEGABYTE,
        longest=LONGEST_ALT,
        accepted=ACCEPTED,
        statements=STATEMENTS,
        then=request.args.get("then") == "check",
        form_errors=bool(form.errors),
    )
    return page, status


def _onwards(writing: Writing) -> str:
    onwards = None if request.args.get("then") == "check" else step_after(the_step())
    return writing.url(onwards.slug if onwards else "check")


def the_step() -> Step:
    found = step_with(SLUG)
    assert found is not None
    return found
