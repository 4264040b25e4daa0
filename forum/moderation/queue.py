"""The queue: everything that waits, the worst and oldest first; taken, looked at in its place, and decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from forum.accounts.models import User
from forum.case_studies.models.files import STATEMENTS
from forum.core.db import db, first_or_404, now
from forum.core.errors import Conflict, Refused
from forum.core.guards import me
from forum.core.paging import id_asked
from forum.discussion.models import Post, Prompt
from forum.discussion.models.words import REASONS
from forum.moderation.forms import (
    LONGEST_DETAIL,
    LONGEST_NOTE,
    AppealOutcomeForm,
    BulkForm,
    ButtonForm,
    DecisionForm,
    FileDecisionForm,
    PassForm,
    PersonDecisionForm,
    ReverseForm,
)
from forum.moderation.gatekeeper import HELD, look_at_post
from forum.moderation.models import MANY, Act, Appeal, Decision, Item, Report, Wording
from forum.moderation.models.alike import alike
from forum.moderation.models.decisions import DONE
from forum.moderation.models.items import WHYS, Why
from forum.moderation.models.sanctions import Kind, Sanction
from forum.moderation.team import bp, done

PER_PAGE = 25
EARLIER = 20
AROUND = 2  # posts before and after the one that is looked at
BANDS = {"overdue": "Overdue", "nearly": "Nearly due", "recent": "Recent"}
ALL_REASONS = {**REASONS, **HELD, "appeal": "An appeal", "picture": "A picture or paper to look at"}


@bp.get("/queue")
def queue() -> ResponseReturnValue:
    after = db.session.get(Item, id_asked("after") or 0)
    narrowed = _narrowed(Item.waiting(after))
    items = list(db.session.scalars(Item.whole(narrowed).limit(PER_PAGE + 1)))
    onwards = {}
    if len(items) > PER_PAGE:
        onwards = {**_chosen(), "after": str(items[PER_PAGE - 1].id)}
    return render_template(
        "team/queue.html",
        items=items[:PER_PAGE],
        count=Item.count(_narrowed(Item.waiting()), MANY),
        many=MANY,
        late=Item.count(_narrowed(Item.overdue()), MANY),
        chosen=_chosen(),
        whys=WHYS,
        reasons=ALL_REASONS,
        prompts={str(prompt.id): prompt.title for prompt in db.session.scalars(Prompt.in_order())},
        bands=BANDS,
        onwards=onwards,
    )


@bp.get("/queue/<int:id>")
def item(id: int) -> ResponseReturnValue:
    return _page(_found(id))


@bp.post("/queue/<int:id>/claim")
def claim(id: int) -> ResponseReturnValue:
    found = _found(id)
    try:
        found.claim(me())
    except Conflict as conflict:
        return _page(_found(id), None, conflict)
    return redirect(url_for(".item", id=id))


@bp.post("/queue/<int:id>/release")
def release(id: int) -> ResponseReturnValue:
    _found(id).let_go(me())
    flash("It is free for a colleague now.")
    return redirect(url_for(".queue"))


@bp.post("/queue/<int:id>/pass")
def pass_on(id: int) -> ResponseReturnValue:
    found, form = _found(id), PassForm()
    form.offer(_colleagues())
    if not form.validate_on_submit():
        return _page(found, passing=form)
    colleague = db.session.get_one(User, int(form.to.data))
    try:
        found.pass_to(me(), colleague, form.note.data)
    except Refused as refused:
        form.form_errors.append(str(refused))
        return _page(_found(id), passing=form)
    return done(f"{colleague.name} has been asked for a second opinion.", url_for(".queue"))


@bp.post("/queue/<int:id>/decide")
def decide(id: int) -> ResponseReturnValue:
    found, form = _found(id), DecisionForm()
    if not form.validate_on_submit():
        return _page(found, form)
    try:
        made = Decision.of_item(
            found, me(), Act(form.act.data), form.reason.data or None, form.words.data, form.note.data
        )
    except Refused as refused:
        return _page(_found(id), form, refused)
    flash(f"The {made.thing} is {DONE[Act(made.act)]}. You can undo this for an hour.")
    return redirect(url_for(".queue", done=made.id))


@bp.post("/queue/<int:id>/picture")
def decide_file(id: int) -> ResponseReturnValue:
    found = _found(id)
    if found.file is None:
        abort(404)
    form = FileDecisionForm()
    form.offer(found.file.is_shown)
    if not form.validate_on_submit():
        return _page(found, form)
    said = (form.reason.data or None, form.words.data, form.note.data)
    try:
        made = Decision.of_file(found, me(), Act(form.act.data), form.seen.data or "", *said)
    except Refused as refused:
        return _page(_found(id), form, refused)
    flash(f"The {made.thing} is {DONE[Act(made.act)]}. You can undo this for an hour.")
    return redirect(url_for(".queue", done=made.id))


@bp.post("/queue/<int:id>/person")
def decide_person(id: int) -> ResponseReturnValue:
    """What comes of a report about a person; a sanction closes the item with its own decision."""
    found, form = _found(id), PersonDecisionForm()
    if found.person is None or not form.validate_on_submit():
        return _page(found, form)
    kind, note = form.kind.data, form.note.data
    try:
        if kind in (Act.LEAVE, Kind.NOTE):
            if kind == Kind.NOTE:
                Sanction.impose(found.person, me(), Kind.NOTE, note=note)
            Decision.of_person(found, me(), Act(kind), note)
        else:
            found.begin_deciding(me())
            until = now() + timedelta(days=int(form.days.data)) if form.days.data else None
            said = {"reason": form.reason.data or None, "words": form.words.data, "note": note}
            Sanction.impose(found.person, me(), Kind(kind), until=until, **said)
    except Refused as refused:
        return _page(_found(id), form, refused)
    return done("The report is decided.", url_for(".queue"))


@bp.post("/queue/<int:id>/appeal")
def decide_appeal(id: int) -> ResponseReturnValue:
    found, form = _found(id), AppealOutcomeForm()
    appeal = first_or_404(select(Appeal).where(Appeal.item_id == id))
    if not form.validate_on_submit():
        return _page(found, answering=form)
    try:
        appeal.decide(found, me(), form.outcome.data, form.answer.data)
    except Refused as refused:
        return _page(_found(id), None, refused, answering=form)
    return done("The appeal is decided.", url_for(".queue"))


@bp.post("/queue/spam")
def bulk() -> ResponseReturnValue:
    """Remove several posts as spam; what a colleague holds, or what may not be decided, stays."""
    form = BulkForm()
    if not form.validate_on_submit():
        flash("Select what is spam first.")
        return redirect(url_for(".queue"))
    removed = 0
    for id in form.numbers:
        found = db.session.get(Item, id)
        if found is None or found.post_id is None or found.why == Why.APPEAL:
            continue
        try:
            Decision.of_item(found, me(), Act.REMOVE, "spam")
        except Refused:
            continue
        removed += 1
    left = len(form.numbers) - removed
    flash(
        f"{removed} removed as spam."
        + (f" {left} left: a colleague holds or has decided them." if left else "")
    )
    return redirect(url_for(".queue"))


@bp.post("/decisions/<int:id>/undo")
def undo(id: int) -> ResponseReturnValue:
    decision = first_or_404(select(Decision).where(Decision.id == id))
    if not ButtonForm().validate_on_submit():
        return redirect(url_for(".queue"))
    decision.undo(me())
    return done("The decision is undone, and waits in the queue again.", url_for(".queue"))


@bp.route("/decisions/<int:id>/reverse", methods=["GET", "POST"])
def reverse(id: int) -> ResponseReturnValue:
    """The team thinks again: with a reason, on the record."""
    whole = select(Decision).options(joinedload(Decision.post).joinedload(Post.thread))
    decision, form = first_or_404(whole.where(Decision.id == id)), ReverseForm()
    if not form.validate_on_submit():
        page = render_template(
            "team/reverse.html",
            decision=decision,
            form=form,
            done=DONE,
            reasons=ALL_REASONS,
            longest=LONGEST_NOTE,
            form_errors=bool(form.errors),
        )
        return page, 422 if form.errors else 200
    decision.reverse(me(), form.why.data)
    return done("The decision is reversed.", url_for(".log"))


@dataclass(frozen=True)
class Record:
    """What the team knows of a person when it decides: in numbers, the newest decisions first."""

    person: User
    posts: int
    reported: int
    decisions: list[Decision]
    notes: list[Sanction]

    @classmethod
    def of(cls, person: User, now_open: Item) -> Record:
        said = select(Post.id).where(Post.author_id == person.id).limit(MANY)
        items = select(Item.id).where(
            Item.person_id == person.id, Item.reports_count > 0, Item.id != now_open.id
        )
        posts, reported = (
            db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
            for query in (said, items.limit(MANY))
        )
        notes = Sanction.of(person).where(Sanction.kind == Kind.NOTE).limit(5)
        decisions = db.session.scalars(Decision.about(person).limit(10))
        return cls(person, posts, reported, list(decisions), list(db.session.scalars(notes)))


def _found(id: int) -> Item:
    return first_or_404(
        Item.whole(select(Item).where(Item.id == id)).execution_options(populate_existing=True)
    )


def _page(
    found: Item,
    form: Any = None,
    refused: Refused | None = None,
    passing: PassForm | None = None,
    answering: AppealOutcomeForm | None = None,
) -> ResponseReturnValue:
    form = form or _asks(found)
    if refused is not None:
        (answering or form).form_errors.append(str(refused))
    passing = passing or PassForm(formdata=None)
    passing.offer(_colleagues())
    answering = answering or AppealOutcomeForm(formdata=None)
    earlier = list(db.session.scalars(Report.earlier(found).limit(EARLIER)))
    whole = select(Appeal).options(joinedload(Appeal.by), joinedload(Appeal.decision).joinedload(Decision.by))
    appeal = db.session.scalar(whole.where(Appeal.item_id == found.id)) if found.why == Why.APPEAL else None
    failed = next((each for each in (form, passing, answering) if each.errors), None)
    page = render_template(
        "team/item.html",
        item=found,
        appeal=appeal,
        around=_around(found.post) if found.post else [],
        found_here=look_at_post(found.post) if found.post and found.why == Why.HELD else [],
        reports=db.session.scalars(Report.of_item(found)).all(),
        earlier=earlier,
        outcomes=Decision.of_items([each.item_id for each in earlier]),
        near=alike(found.post) if found.post else [],
        statements=STATEMENTS,
        record=Record.of(found.person, found) if found.person else None,
        decidable=found.is_open
        and found.decidable_by(me())
        and (appeal is None or appeal.decidable_by(me())),
        free=found.free_for(me()),
        form=form,
        passing=passing,
        answering=answering,
        failed=failed,
        reasons=ALL_REASONS,
        bands=BANDS,
        wordings=Wording.all_of_them(),
        done=DONE,
        longest=LONGEST_DETAIL,
        longest_note=LONGEST_NOTE,
        form_errors=bool(failed),
    )
    return page, refused.status if refused else 422 if failed else 200


def _asks(item: Item) -> Any:
    """The empty form for what `item` is about."""
    if item.why == Why.APPEAL:
        return DecisionForm(formdata=None)
    if item.file is not None:
        form = FileDecisionForm(formdata=None, seen=item.file.hash)
        form.offer(item.file.is_shown)
        return form
    if item.post_id is None and item.person_id is not None:
        return PersonDecisionForm(formdata=None)
    return DecisionForm(formdata=None)


def _around(post: Post) -> list[Post]:
    """The post in its place: with those before and after it."""
    whole = select(Post).options(joinedload(Post.author))
    if post.position is None:
        last = whole.where(Post.thread_id == post.thread_id, Post.position.is_not(None))
        before = db.session.scalars(last.order_by(Post.position.desc()).limit(AROUND)).all()
        return [*reversed(before), post]
    near = Post.position.between(post.position - AROUND, post.position + AROUND)
    return list(
        db.session.scalars(whole.where(Post.thread_id == post.thread_id, near).order_by(Post.position))
    )


def _colleagues() -> list[User]:
    team = select(User).where(User.role.in_(("team", "administrator")), User.id != me().id)
    return list(db.session.scalars(team.order_by(User.name).limit(200)))


def _chosen() -> dict[str, str]:
    names = ("why", "reason", "prompt", "mine")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _narrowed(query: Select[Item]) -> Select[Item]:
    """`query`, narrowed to what the URL asks for; what is none of ours narrows nothing."""
    chosen = _chosen()
    if chosen.get("why") in WHYS:
        query = query.where(Item.why == chosen["why"])
    if chosen.get("reason") in ALL_REASONS:
        query = query.where(Item.reason == chosen["reason"])
    if chosen.get("prompt", "").isdecimal():
        query = query.where(Item.prompt_id == int(chosen["prompt"][:9]))
    if chosen.get("mine") == "passed":
        query = query.where(Item.passed_to_id == me().id)
    elif chosen.get("mine") == "claimed":
        query = query.where(Item.claimed_by_id == me().id)
    return query
