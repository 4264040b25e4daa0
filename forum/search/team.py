"""What was looked for in vain, for the team to teach the search by."""

from __future__ import annotations

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from forum.core.db import db
from forum.core.guards import me, team_room
from forum.core.paging import Pages, asked_page, pages_of
from forum.search.forms import RemoveForm
from forum.search.models.empty import EmptySearch

A_PAGE = 100
ORDERS = {"most": "Asked most", "last": "Asked last"}

bp = team_room("search_team", __name__)


@bp.get("/searches")
def searches() -> ResponseReturnValue:
    order = request.args.get("order") or "most"
    query = {"most": EmptySearch.asked_most, "last": EmptySearch.asked_last}.get(order) or abort(404)
    last = pages_of(db.session.scalar(select(func.count()).select_from(EmptySearch)) or 0, A_PAGE)
    number = asked_page(request.args.get("page"))
    if number is None or number > last:
        abort(404)
    return render_template(
        "team/searches.html",
        searches=db.session.scalars(query().limit(A_PAGE).offset((number - 1) * A_PAGE)).all(),
        pages=Pages(number, last, lambda n: url_for("search_team.searches", order=order, page=n)),
        orders={name: (text, url_for("search_team.searches", order=name)) for name, text in ORDERS.items()},
        chosen=order,
        said=said,
    )


@bp.post("/searches/remove")
def remove() -> ResponseReturnValue:
    """Once or twice: words that are gone already stay gone."""
    form = RemoveForm()
    if not form.validate_on_submit():
        abort(422)
    EmptySearch.remove(me(), form.words.data)
    flash("The words are removed.")
    return redirect(url_for("search_team.searches"))


def said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
