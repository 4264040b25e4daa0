"""The rules: for everyone to read, with every version there was, and for the team to write."""

from __future__ import annotations

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from forum.core import differences
from forum.core.db import db, first_or_404
from forum.core.errors import Conflict
from forum.core.freshness import fresh
from forum.core.guards import me
from forum.core.markup import render
from forum.discussion.models.words import REASONS
from forum.moderation.forms import LONGEST_DETAIL, LONGEST_TEXT, RulesForm, WordingsForm
from forum.moderation.models.rules import Rules, Wording, rules_version
from forum.moderation.team import bp as team
from forum.moderation.team import done
from forum.moderation.views import bp

VERSIONS = 200


@bp.get("/rules")
@fresh(rules_version)
def rules() -> ResponseReturnValue:
    found = db.session.scalar(Rules.now_in_force()) or abort(404)
    return render_template("moderation/rules.html", rules=found, newest=True)


@bp.get("/rules/<int:id>")
@fresh(rules_version)
def rules_then(id: int) -> ResponseReturnValue:
    """An earlier version, and what has changed since the one before it."""
    found = first_or_404(select(Rules).where(Rules.id == id))
    before = db.session.scalar(select(Rules).where(Rules.id < id).order_by(Rules.id.desc()).limit(1))
    newest = db.session.scalars(Rules.now_in_force()).one()
    words = differences.words(before.source, found.source) if before else None
    return render_template("moderation/rules.html", rules=found, newest=newest.id == id, words=words)


@bp.get("/rules/versions")
@fresh(rules_version)
def rules_versions() -> ResponseReturnValue:
    found = db.session.scalars(select(Rules).order_by(Rules.id.desc()).limit(VERSIONS)).all()
    return render_template("moderation/rules_versions.html", versions=found)


@team.get("/rules")
def rules_history() -> ResponseReturnValue:
    return render_template(
        "team/rules.html",
        versions=db.session.scalars(Rules.versions().limit(VERSIONS)).all(),
        wordings=Wording.all_of_them(),
        reasons=REASONS,
    )


@team.route("/rules/edit", methods=["GET", "POST"])
def write_rules() -> ResponseReturnValue:
    newest = db.session.scalars(Rules.now_in_force()).first()
    form = RulesForm(
        data={"source": newest.source if newest else "", "since": str(newest.id if newest else 0)}
    )
    previewed = render(form.source.data) if "preview" in request.form else None
    if previewed is None and form.validate_on_submit():
        try:
            Rules.write(me(), form.source.data, form.number)
        except Conflict as conflict:
            form.form_errors.append(str(conflict))
            form.since.data = str(newest.id if newest else 0)
            return _rules_form(form, conflict.status, newest=newest)
        return done("The rules are published.", url_for("team.rules_history"))
    return _rules_form(form, 422 if form.errors else 200, previewed=previewed)


@team.route("/wordings", methods=["GET", "POST"])
def wordings() -> ResponseReturnValue:
    """Administrators change them; every team member starts from them."""
    if not me().is_administrator:
        abort(403)
    form = WordingsForm(data=Wording.all_of_them())
    if form.validate_on_submit():
        Wording.keep(me(), form.wordings)
        return done("The wordings are saved.", url_for("team.rules_history"))
    page = render_template(
        "team/wordings.html",
        form=form,
        reasons=REASONS,
        longest=LONGEST_DETAIL,
        form_errors=bool(form.errors),
    )
    return page, 422 if form.errors else 200


def _rules_form(form: RulesForm, status: int, **more: object) -> ResponseReturnValue:
    page = render_template(
        "team/write_rules.html", form=form, longest=LONGEST_TEXT, form_errors=bool(form.errors), **more
    )
    return page, status
