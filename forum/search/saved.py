"""The searches that a person keeps."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.core.db import db, first_or_404
from forum.core.guards import me, signed_in
from forum.core.limits import limiter, person
from forum.search.forms import RenameForm, SaveForm
from forum.search.models import Query
from forum.search.models.saved import LONGEST_NAME, SavedSearch
from forum.search.narrowing import address, described
from forum.search.views import bp

WRITES = "60 per 10 minutes"


@bp.get("/searches")
@signed_in
def searches() -> ResponseReturnValue:
    kept = db.session.scalars(SavedSearch.of(me())).all()
    return render_template(
        "search/saved.html", searches=[(search, described(query_of(search.query))) for search in kept]
    )


@bp.post("/searches")
@limiter.limit(WRITES, key_func=person)
@signed_in
def save() -> ResponseReturnValue:
    form = SaveForm()
    if not form.validate_on_submit():
        abort(422)
    query = query_of(form.query.data)
    if not query.asks:
        abort(422)
    search = SavedSearch.save(me(), shortened(described(query)), urlencode(query.args()))
    flash(f"Saved as {search.name}. It is on the page of your saved searches.")
    return redirect(address(query))


@bp.route("/searches/<int:id>/rename", methods=["GET", "POST"])
@limiter.limit(WRITES, methods=["POST"], key_func=person)
@signed_in
def rename(id: int) -> ResponseReturnValue:
    search = first_or_404(SavedSearch.of(me()).where(SavedSearch.id == id))
    form = RenameForm(obj=search)
    if form.validate_on_submit():
        search.rename(form.name.data)
        flash(f"The search is now called {search.name}.")
        return redirect(url_for("search.searches"))
    page = render_template(
        "search/rename.html",
        form=form,
        search=search,
        said=described(query_of(search.query)),
        form_errors=bool(form.errors),
    )
    return page, 422 if form.errors else 200


@bp.post("/searches/<int:id>/delete")
@signed_in
def delete(id: int) -> ResponseReturnValue:
    """Once or twice: what is gone already stays gone. What is someone else's is a 404."""
    search = db.session.scalar(select(SavedSearch).where(SavedSearch.id == id).with_for_update())
    if search is not None:
        if not search.belongs_to(me()):
            abort(404)
        search.delete()
    flash("The search is deleted.")
    return redirect(url_for("search.searches"))


def query_of(parameters: str) -> Query:
    """The search whose address has these `parameters` after its "?"."""
    return Query.from_args(dict(parse_qsl(parameters)))


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"
