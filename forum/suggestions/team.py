"""The team's room for suggestions: what is owed an answer, one suggestion with all that can be done to it, and
merging two of them."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.accounts.models import User
from forum.core.db import db, first_or_404
from forum.core.errors import Refused
from forum.core.guards import me, team_room
from forum.core.markup import render
from forum.core.paging import Pages, asked_page, pages_of
from forum.discussion.models import Post
from forum.discussion.models.lists import LAST_PAGE
from forum.discussion.models.merging import address
from forum.discussion.models.threads import Moved
from forum.discussion.nearest import nearest
from forum.suggestions.forms import LONGEST_NOTE, ButtonForm, MergeForm, TakeUpForm, VersionForm
from forum.suggestions.models import AnswerDraft, Status, Step, Suggestion, Telling, unite
from forum.suggestions.models.composition import date_label
from forum.suggestions.models.lists import Answered, Listing, suggestion_rows
from forum.suggestions.models.outcomes import COLOURS, REASONS, STATUSES, STEPS, answers_to
from forum.suggestions.models.steps import take_up as take_up_suggestion
from forum.suggestions.models.trail import trail_of

bp = team_room("suggestions_team", __name__)

QUEUES = {
    "owed": "Owed an answer",
    "drafts": "Answers in the making",
    "heard": "Not taken up",
    "promised": "Promised",
}
DRAFTS = 100
NEAREST = 6
RECEIPTS: Any = (
    select(Step, Telling).outerjoin(Telling, Telling.step_id == Step.id).order_by(Step.number.desc())
)


@bp.get("/suggestions")
def queue() -> ResponseReturnValue:
    """By the clock: the first date first."""
    show = request.args.get("show", "owed")
    if show not in QUEUES:
        abort(404)
    drafts = list(db.session.scalars(AnswerDraft.waiting(DRAFTS)))
    listing: Any = {
        "owed": Listing("waiting"),
        "heard": Listing("supported", status=Status.HEARD),
        "promised": Answered("promised"),
    }.get(show)
    number, last = asked_page(request.args.get("page")), 1
    if listing is not None:
        last = min(LAST_PAGE, pages_of(listing.count()))
    if number is None or number > last:
        abort(404)
    return render_template(
        "team/suggestions.html",
        show=show,
        queues=QUEUES,
        rows=listing.page(number) if listing is not None else [],
        drafts=drafts,
        drafted={draft.thread_id: draft for draft in drafts},
        pages=Pages(
            number, last, lambda n: f"/team/suggestions?show={show}" + (f"&page={n}" if n > 1 else "")
        ),
    )


@bp.get("/suggestions/<int:id>")
def suggestion(id: int) -> ResponseReturnValue:
    return workbench(found_suggestion(id))


def workbench(found: Suggestion, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """One suggestion: where it stands, the answer in the making, and what may come next."""
    draft = db.session.scalar(AnswerDraft.open_for(found.thread_id))
    form = VersionForm(formdata=None, since=str(draft.version) if draft else "")
    if problem:
        form.form_errors = [problem]
    page = render_template(
        "team/suggestion.html",
        suggestion=found,
        thread=found.thread,
        trail=trail_of(found),
        draft=draft,
        posts=posts_of(draft) if draft else {},
        note=render(draft.note) if draft else "",
        receipts=db.session.execute(RECEIPTS.where(Step.thread_id == found.thread_id)).all(),
        may_take_up=Status.CONSIDERED in STEPS[found.status],
        answers=answers_to(found.status),
        statuses=STATUSES,
        colours=COLOURS,
        reasons=REASONS,
        date_label=date_label,
        form=form,
        form_errors=bool(problem),
    )
    return page, status


@bp.route("/suggestions/<int:id>/take-up", methods=["GET", "POST"])
def take_up(id: int) -> ResponseReturnValue:
    found, form = found_suggestion(id), TakeUpForm()
    if not form.validate_on_submit():
        return _ask("team/take_up.html", form, suggestion=found, thread=found.thread)
    try:
        take_up_suggestion(found, me(), form.owner.data, form.note.data)
    except Refused as refusal:
        return _refused("team/take_up.html", form, refusal, id)
    flash("The suggestion is under consideration, and its thread says so.")
    return redirect(f"/team/suggestions/{id}")


@bp.route("/suggestions/<int:id>/merge", methods=["GET", "POST"])
def merge(id: int) -> ResponseReturnValue:
    """Names the other one, then shows both before it is done: nothing undoes it."""
    found, form = found_suggestion(id), MergeForm()
    if request.method == "GET":
        form.into.data = request.args.get("into", "")
        return _merge_page(form, found)
    if "change" in request.form or not form.validate_on_submit():
        return _merge_page(form, found, 422 if form.errors else 200)
    into = db.session.scalar(Suggestion.visible_to(me()).where(Suggestion.thread_id == (form.number or 0)))
    if into is None or into.thread_id == id:
        form.into.errors = ("Enter the number or the address of another suggestion",)
        return _merge_page(form, found, 422)
    if not form.sure.data:
        return _merge_page(form, found, into=into)
    try:
        unite(found, into, me(), form.note.data)
    except Moved as moved:
        if moved.to != into.thread_id:
            return _refused("team/merge.html", form, moved, id, rows=[], into=None)
        db.session.rollback()  # pressed twice: it is done
        into = found_suggestion(moved.to)
    except Refused as refusal:
        return _refused("team/merge.html", form, refusal, id, rows=[], into=None)
    flash("The two suggestions are one.")
    return redirect(address(into.thread))


@bp.get("/suggestions/<int:id>/receipts/<int:step>")
def receipt(id: int, step: int) -> ResponseReturnValue:
    """What publishing a step has set off: who is being told, and how far that is."""
    found = found_suggestion(id)
    row = db.session.execute(RECEIPTS.where(Step.thread_id == id, Step.id == step)).first() or abort(404)
    people = {row[0].drafted_by_id, row[0].read_by_id, row[0].published_by_id}
    names = dict(db.session.execute(select(User.id, User.name).where(User.id.in_(people - {None}))).all())
    return render_template(
        "team/receipt.html",
        thread=found.thread,
        step=row[0],
        telling=row[1],
        names=names,
        statuses=STATUSES,
        colours=COLOURS,
    )


@bp.post("/suggestions/<int:id>/receipts/<int:step>/tell")
def tell(id: int, step: int) -> ResponseReturnValue:
    """Go on telling people: whoever has been told is not told again."""
    telling = first_or_404(
        select(Telling).join(Step, Step.id == Telling.step_id).where(Step.thread_id == id, Step.id == step)
    )
    if not ButtonForm().validate_on_submit():
        abort(400)
    telling.go_on(me())
    flash("Those who have not been told yet will be.")
    return redirect(f"/team/suggestions/{id}/receipts/{step}")


def found_suggestion(id: int) -> Suggestion:
    return first_or_404(Suggestion.visible_to(me()).where(Suggestion.thread_id == id))


def posts_of(draft: AnswerDraft) -> dict[int, int]:
    """The numbers of the posts that a draft rests on, by their ids."""
    query: Any = select(Post.id, Post.number).where(Post.id.in_(draft.posts), Post.number.is_not(None))
    return dict(db.session.execute(query.order_by(Post.number)).all())


def _ask(template: str, form: Any, status: int | None = None, **about: Any) -> ResponseReturnValue:
    page = render_template(template, form=form, longest=LONGEST_NOTE, form_errors=bool(form.errors), **about)
    return page, status or (422 if form.errors else 200)


def _refused(template: str, form: Any, refusal: Refused, id: int, **about: Any) -> ResponseReturnValue:
    """The form back, whole, with the reason."""
    db.session.rollback()
    found = first_or_404(Suggestion.every().where(Suggestion.thread_id == id))
    form.form_errors = [str(refusal)]
    return _ask(template, form, refusal.status, suggestion=found, thread=found.thread, **about)


def _merge_page(
    form: MergeForm, found: Suggestion, status: int = 200, into: Suggestion | None = None
) -> ResponseReturnValue:
    near = nearest(found.thread.title, NEAREST, kind="suggestion") if into is None else []
    rows = suggestion_rows([row.id for row in near if row.id != found.thread_id])
    both = suggestion_rows([found.thread_id, into.thread_id]) if into else []
    about = {"suggestion": found, "thread": found.thread, "rows": rows, "into": into, "both": both}
    return _ask("team/merge.html", form, status, **about)
